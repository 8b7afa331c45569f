//! What a test asks of a server.

use crate::endpoint::{Credentials, Security};
use crate::tls::Tls;

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

/// What a node is to a deployment, which is for the deployment to say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    #[default]
    Server,
    Sentinel,
    ClusterNode,
}

/// What a server is started with. The default is an empty server on a TCP port that keeps nothing on disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerOptions {
    pub(crate) mode: Mode,
    pub(crate) listen: Listen,
    pub(crate) login: Option<Credentials>,
    pub(crate) tls: Option<Tls>,
    pub(crate) directives: Vec<(String, String)>,
}

impl ServerOptions {
    /// The default options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the server listens; TCP unless told otherwise, and always TCP in a deployment of several nodes.
    #[must_use]
    pub fn listen(mut self, listen: Listen) -> Self {
        self.listen = listen;
        self
    }

    /// The password of the default user (`requirepass`), which then is part of the server's URL. Replaces
    /// [`user`](Self::user).
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.login = Some(Credentials { user: None, password: password.into() });
        self
    }

    /// A user with all rights, who then is part of the server's URL, while the default user is off. Replaces
    /// [`password`](Self::password).
    #[must_use]
    pub fn user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.login = Some(Credentials { user: Some(name.into()), password: password.into() });
        self
    }

    /// Clients reach the server by TLS, on a TCP port, and in no other way. Nodes of one deployment talk to each other by
    /// TLS too. [`RedisServer::command`](crate::RedisServer::command) takes a way of its own, without TLS.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
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

    pub(crate) fn security(&self) -> Security {
        if self.tls.is_some() { Security::Tls } else { Security::Plain }
    }

    /// As one of several nodes, which find each other by ports.
    pub(crate) fn in_deployment(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self.listen = Listen::Tcp;
        self
    }
}
