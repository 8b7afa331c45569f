//! Certificates of a test's own authority, good ones and bad ones.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};

use crate::Error;
use crate::scratch::Scratch;

/// The names that a server is reached by.
const HERE: [&str; 2] = ["localhost", "127.0.0.1"];

/// Text in PEM, which is also in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pem {
    path: PathBuf,
    text: String,
}

impl Pem {
    fn write(directory: &Path, name: &str, text: String) -> Result<Self, Error> {
        let path = directory.join(name);
        fs::write(&path, &text).map_err(Error::io("writing a certificate"))?;
        Ok(Self { path, text })
    }

    /// The file, which is there as long as the [`Certificates`] are.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is in the file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// A certificate and the key that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertifiedKey {
    certificate: Pem,
    key: Pem,
}

impl CertifiedKey {
    /// The certificate.
    #[must_use]
    pub fn certificate(&self) -> &Pem {
        &self.certificate
    }

    /// Its private key.
    #[must_use]
    pub fn key(&self) -> &Pem {
        &self.key
    }
}

/// An authority made for one test, and what it and another one have certified. The files are removed with this value.
#[derive(Debug)]
pub struct Certificates {
    authority: Pem,
    server: CertifiedKey,
    expired_server: CertifiedKey,
    foreign_server: CertifiedKey,
    misnamed_server: CertifiedKey,
    client: CertifiedKey,
    expired_client: CertifiedKey,
    foreign_client: CertifiedKey,
    _directory: Scratch,
}

impl Certificates {
    /// Makes keys and certificates, and writes each into a file. Takes some milliseconds.
    ///
    /// # Errors
    /// [`Error::Certificate`] when one cannot be made, [`Error::Io`] when a file cannot be written.
    pub fn generate() -> Result<Self, Error> {
        let directory = Scratch::new()?;
        let (ours, other) = (Authority::new("store-testkit")?, Authority::new("another authority")?);
        let files = |authority: &Authority, name: &str, hosts: &[&str], validity| {
            authority.certify(name, hosts, validity)?.write(directory.path(), name)
        };
        Ok(Self {
            authority: Pem::write(directory.path(), "authority.pem", ours.certificate.clone())?,
            server: files(&ours, "server", &HERE, Validity::Now)?,
            expired_server: files(&ours, "expired-server", &HERE, Validity::Past)?,
            foreign_server: files(&other, "foreign-server", &HERE, Validity::Now)?,
            misnamed_server: files(&ours, "misnamed-server", &["elsewhere.example"], Validity::Now)?,
            client: files(&ours, "client", &[], Validity::Now)?,
            expired_client: files(&ours, "expired-client", &[], Validity::Past)?,
            foreign_client: files(&other, "foreign-client", &[], Validity::Now)?,
            _directory: directory,
        })
    }

    /// The certificate of the authority, which whoever trusts it needs.
    #[must_use]
    pub fn authority(&self) -> &Pem {
        &self.authority
    }

    /// For a server at `localhost` or 127.0.0.1.
    #[must_use]
    pub fn server(&self) -> &CertifiedKey {
        &self.server
    }

    /// Like [`server`](Self::server), but no longer valid.
    #[must_use]
    pub fn expired_server(&self) -> &CertifiedKey {
        &self.expired_server
    }

    /// Like [`server`](Self::server), but from an authority that nobody has been told to trust.
    #[must_use]
    pub fn foreign_server(&self) -> &CertifiedKey {
        &self.foreign_server
    }

    /// Like [`server`](Self::server), but for a host of another name.
    #[must_use]
    pub fn misnamed_server(&self) -> &CertifiedKey {
        &self.misnamed_server
    }

    /// For a client.
    #[must_use]
    pub fn client(&self) -> &CertifiedKey {
        &self.client
    }

    /// Like [`client`](Self::client), but no longer valid.
    #[must_use]
    pub fn expired_client(&self) -> &CertifiedKey {
        &self.expired_client
    }

    /// Like [`client`](Self::client), but from an authority that the servers have not been told to trust.
    #[must_use]
    pub fn foreign_client(&self) -> &CertifiedKey {
        &self.foreign_client
    }
}

#[derive(Clone, Copy)]
enum Validity {
    Now,
    Past,
}

impl Validity {
    fn apply(self, params: &mut CertificateParams) {
        let last_year = match self {
            Self::Now => 2120,
            Self::Past => 2021,
        };
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(last_year, 1, 1);
    }
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

/// A certificate and its key, in PEM.
struct Issued {
    certificate: String,
    key: String,
}

impl Issued {
    fn write(self, directory: &Path, name: &str) -> Result<CertifiedKey, Error> {
        Ok(CertifiedKey {
            certificate: Pem::write(directory, &format!("{name}.pem"), self.certificate)?,
            key: Pem::write(directory, &format!("{name}-key.pem"), self.key)?,
        })
    }
}

impl Authority {
    fn new(name: &str) -> Result<Self, Error> {
        let mut params = params(name, &[])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        Validity::Now.apply(&mut params);
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), certificate })
    }

    fn certify(&self, name: &str, hosts: &[&str], validity: Validity) -> Result<Issued, Error> {
        let mut params = params(name, hosts)?;
        // A server is a client of the servers that it replicates or watches, and shows them the same certificate.
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        validity.apply(&mut params);
        let key = KeyPair::generate()?;
        Ok(Issued { certificate: params.signed_by(&key, &self.issuer)?.pem(), key: key.serialize_pem() })
    }
}

fn params(name: &str, hosts: &[&str]) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>())?;
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}
