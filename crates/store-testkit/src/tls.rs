//! TLS on a server: what it shows, and what it wants to see.

use std::fs;
use std::path::Path;

use crate::Error;
use crate::certificates::{Certificates, CertifiedKey};

/// TLS on a server, with the good certificate unless told otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    authority: String,
    certificate: String,
    key: String,
    clients: ClientCertificate,
}

/// Whether clients have to show a certificate (`tls-auth-clients`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientCertificate {
    /// It is not looked at.
    Ignored,
    /// It has to be good if there is one.
    Optional,
    /// It has to be there, and good.
    Required,
}

impl Tls {
    /// The server shows [`Certificates::server`] and asks its clients for nothing.
    #[must_use]
    pub fn new(certificates: &Certificates) -> Self {
        let tls = Self {
            authority: certificates.authority().text().to_owned(),
            certificate: String::new(),
            key: String::new(),
            clients: ClientCertificate::Ignored,
        };
        tls.certificate(certificates.server())
    }

    /// What the server shows, to its clients and, as a client, to other servers.
    #[must_use]
    pub fn certificate(mut self, shown: &CertifiedKey) -> Self {
        shown.certificate().text().clone_into(&mut self.certificate);
        shown.key().text().clone_into(&mut self.key);
        self
    }

    /// Whether clients have to show a certificate.
    #[must_use]
    pub fn clients(mut self, certificate: ClientCertificate) -> Self {
        self.clients = certificate;
        self
    }

    /// Writes the files that [`directives`](Self::directives) names.
    pub(crate) fn write_files(&self, directory: &Path) -> Result<(), Error> {
        let files = [(AUTHORITY, &self.authority), (CERTIFICATE, &self.certificate), (KEY, &self.key)];
        files
            .iter()
            .try_for_each(|(name, text)| fs::write(directory.join(name), text))
            .map_err(Error::io("writing a server's certificate"))
    }

    /// For a server that works in the directory of the files.
    pub(crate) fn directives(&self) -> Vec<String> {
        let clients = match self.clients {
            ClientCertificate::Ignored => "no",
            ClientCertificate::Optional => "optional",
            ClientCertificate::Required => "yes",
        };
        vec![
            format!("tls-ca-cert-file {AUTHORITY}"),
            format!("tls-cert-file {CERTIFICATE}"),
            format!("tls-key-file {KEY}"),
            format!("tls-auth-clients {clients}"),
            "tls-replication yes".to_owned(),
        ]
    }
}

const AUTHORITY: &str = "tls-authority.pem";
const CERTIFICATE: &str = "tls-certificate.pem";
const KEY: &str = "tls-key.pem";
