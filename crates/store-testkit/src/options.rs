//! What a test asks of its server.

/// How a server started here, and its clients, find each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Listen {
    /// A free port on 127.0.0.1.
    #[default]
    Tcp,
    /// A unix socket in the server's directory, and no port at all.
    Unix,
}

/// What a server is started with. The default is an empty server on a TCP port that keeps nothing on disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerOptions {
    pub(crate) listen: Listen,
    pub(crate) password: Option<String>,
    pub(crate) directives: Vec<(String, String)>,
}

impl ServerOptions {
    /// The default options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the server listens; TCP unless told otherwise.
    #[must_use]
    pub fn listen(mut self, listen: Listen) -> Self {
        self.listen = listen;
        self
    }

    /// The password of the default user (`requirepass`), which then is part of the server's URL.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// One more line of the server's configuration file: `appendonly` `yes`, `user` `reader on >secret ~* +@read`.
    /// It is written as it stands, so a value with spaces is quoted by the caller where the server takes it as one.
    ///
    /// The ACL file (`aclfile`) is the one directive that does not work: the server refuses it beside `user` lines, and
    /// [`RedisServer::command`](crate::RedisServer::command) has a user of its own. Give `user` lines instead.
    #[must_use]
    pub fn directive(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.directives.push((name.into(), value.into()));
        self
    }
}
