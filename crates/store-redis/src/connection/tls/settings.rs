//! What rustls makes of the settings.

use std::borrow::Cow;
use std::fs;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{self, CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use store_core::{Error, Result};

use crate::config::{Identity, Pem, Roots, Tls, Verification, config_error};

/// Reads what the settings name; `option` is how errors call them.
pub(super) fn client_config(settings: &Tls, option: &str) -> Result<ClientConfig> {
    let provider = Arc::new(crypto::ring::default_provider());
    let verifier = verifier(settings, option, &provider)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| config_error(option, "the cryptography has no version of TLS"))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    match &settings.identity {
        Some(identity) => {
            let (certificates, key) = certified_key(identity, option)?;
            builder.with_client_auth_cert(certificates, key).map_err(|_| {
                config_error(
                    &format!("{option}_key_file"),
                    "the key is of no use, or does not belong to the certificate",
                )
            })
        }
        None => Ok(builder.with_no_client_auth()),
    }
}

fn verifier(settings: &Tls, option: &str, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>> {
    match settings.verification {
        Verification::Full => {
            let roots = Arc::new(roots(&settings.roots, &format!("{option}_ca_file"))?);
            let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider)).build();
            Ok(verifier.map_err(|_| config_error(&format!("{option}_ca_file"), "there is no authority to trust"))?)
        }
        Verification::None => Ok(Arc::new(AnyCertificate(provider.signature_verification_algorithms))),
    }
}

fn roots(roots: &Roots, option: &str) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    match roots {
        Roots::System => {
            let found = rustls_native_certs::load_native_certs().certs;
            // Systems have certificates that nobody can read any more, among many that everybody can.
            let (usable, _) = store.add_parsable_certificates(found);
            if usable == 0 {
                return Err(config_error(option, "the system trusts no authority that could be found"));
            }
        }
        Roots::Pem(pem) => {
            for certificate in certificates(pem, option)? {
                store.add(certificate).map_err(|_| config_error(option, "a certificate is malformed"))?;
            }
        }
    }
    Ok(store)
}

fn certified_key(identity: &Identity, option: &str) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let certificates = certificates(&identity.certificate, &format!("{option}_cert_file"))?;
    let option = format!("{option}_key_file");
    let key = PrivateKeyDer::from_pem_slice(&read(&identity.key, &option)?)
        .map_err(|_| config_error(&option, "there is no private key in the PEM text, or only an encrypted one"))?;
    Ok((certificates, key))
}

fn certificates(pem: &Pem, option: &str) -> Result<Vec<CertificateDer<'static>>> {
    let text = read(pem, option)?;
    let read: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(config_error(option, "there is no certificate in the PEM text")),
        // Without the parser's own words, which quote the text.
        Err(_) => Err(config_error(option, "the PEM text is malformed")),
    }
}

fn read<'a>(pem: &'a Pem, option: &str) -> Result<Cow<'a, [u8]>> {
    let unreadable = |path: &std::path::Path, kind| -> Error {
        config_error(option, &format!("the file cannot be read: {kind}; path={}", path.display()))
    };
    match pem {
        Pem::Text(text) => Ok(Cow::Borrowed(text)),
        Pem::File(path) => fs::read(path).map(Cow::Owned).map_err(|error| unreadable(path, error.kind())),
    }
}

/// Takes whatever certificate it is shown. What the server signs has to fit that certificate all the same: without
/// this the line would not even lead to one and the same stranger.
#[derive(Debug)]
struct AnyCertificate(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls12_signature(message, certificate, signed, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls13_signature(message, certificate, signed, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store_core::ErrorKind;

    fn refusal(settings: &Tls) -> String {
        let error = client_config(settings, "tls").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(!format!("{error} {error:?}").contains("cAnArY"), "{error:?}");
        error.to_string()
    }

    fn text(text: &str) -> Pem {
        Pem::Text(text.as_bytes().to_vec())
    }

    const MALFORMED: &str = "-----BEGIN CERTIFICATE-----\ncAnArY=!\n-----END CERTIFICATE-----\n";
    const NO_CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\ncAnArYcA\n-----END CERTIFICATE-----\n";

    #[test]
    fn pem_text_that_is_of_no_use_is_refused_by_name_and_not_shown() {
        for roots in ["", "cAnArY", MALFORMED, NO_CERTIFICATE, "-----BEGIN cAnArY", "-----BEGIN cAnArY-----\n"] {
            let refusal = refusal(&Tls::new().with_roots(text(roots)));
            assert!(refusal.contains("option=tls_ca_file"), "{roots:?}: {refusal}");
        }
    }

    #[test]
    fn no_provider_is_needed_for_the_whole_process_and_none_is_installed() {
        client_config(&Tls::new().danger_accept_any_certificate(), "tls").unwrap();
        assert!(CryptoProvider::get_default().is_none());
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let refusal = refusal(&Tls::new().with_roots(Pem::File("/nowhere/authority.pem".into())));
        assert!(refusal.contains("/nowhere/authority.pem") && refusal.contains("option=tls_ca_file"), "{refusal}");
    }

    #[test]
    fn a_certificate_without_a_key_and_a_key_without_a_certificate_are_refused_by_name() {
        let settings = Tls::new().danger_accept_any_certificate();
        let refusal_of = |certificate, key| refusal(&settings.clone().with_identity(text(certificate), text(key)));
        assert!(refusal_of("", "").contains("option=tls_cert_file"));
        assert!(refusal_of(NO_CERTIFICATE, "cAnArY").contains("option=tls_key_file"));
        assert!(refusal_of(NO_CERTIFICATE, NO_CERTIFICATE).contains("option=tls_key_file"));
    }
}
