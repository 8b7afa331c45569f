//! The part of a [`Config`](crate::Config) that says how a line is encrypted and whom it may lead to.

use std::fmt;
use std::path::PathBuf;

/// TLS, with the server's certificate and host name verified.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Tls {
    /// Who may vouch for the server. The system's authorities by default.
    pub roots: Roots,
    /// How we show the server who we are. Not at all by default.
    pub identity: Option<Identity>,
    /// The name that the server's certificate has to be for. By default the host that is dialled.
    pub server_name: Option<String>,
    /// Set by [`Tls::danger_accept_any_certificate`] alone.
    pub(crate) verification: Verification,
}

/// Who may vouch for a server.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Roots {
    /// The authorities that the system trusts.
    #[default]
    System,
    /// Those in this PEM text alone.
    Pem(Pem),
}

/// A certificate, with the intermediate ones behind it, and its private key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// The certificate and its chain.
    pub certificate: Pem,
    /// The key, not encrypted.
    pub key: Pem,
}

/// PEM text, or the file that it is in. A file is read when the store connects.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pem {
    /// The text.
    Text(Vec<u8>),
    /// The file.
    File(PathBuf),
}

/// Shows where a text is, never the text.
impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("<hidden>"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

/// How much of a server's certificate is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Verification {
    #[default]
    Full,
    None,
}

impl Tls {
    /// TLS with every setting at its default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts the authorities in this PEM text, and no others.
    #[must_use]
    pub fn with_roots(mut self, roots: Pem) -> Self {
        self.roots = Roots::Pem(roots);
        self
    }

    /// Shows the server a certificate of ours.
    #[must_use]
    pub fn with_identity(mut self, certificate: Pem, key: Pem) -> Self {
        self.identity = Some(Identity { certificate, key });
        self
    }

    /// Sets [`server_name`](Self::server_name).
    #[must_use]
    pub fn with_server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// Takes any certificate, whoever issued it and whatever name it is for.
    ///
    /// The line is encrypted, but whoever can get between the two ends reads and changes everything, passwords
    /// included. There is no option of a URL for this.
    #[must_use]
    pub fn danger_accept_any_certificate(mut self) -> Self {
        self.verification = Verification::None;
        self
    }
}
