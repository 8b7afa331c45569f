//! What a failure of TLS means: who refuses whom, and whether waiting helps.

use std::io;

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage};
use store_core::{ErrorKind, Retry};

use crate::error::Verdict;

/// What it says about a connection that was to be made; `None` if the failure is not one of TLS.
pub(crate) fn verdict_on(failure: &io::Error) -> Option<Verdict> {
    let failure = failure.get_ref()?.downcast_ref::<Error>()?;
    Some(match failure {
        Error::InvalidCertificate(fault) => permanent(ErrorKind::Config, of_certificate(fault)),
        Error::AlertReceived(alert) => of_alert(*alert),
        Error::PeerIncompatible(_) => permanent(ErrorKind::Config, format!("no TLS in common: {failure}")),
        // What a server of another protocol says. The rest of its kind may be bytes that were changed on the way.
        Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion) => {
            permanent(ErrorKind::Config, "the server does not speak TLS; option=tls".to_owned())
        }
        _ => passing(format!("TLS failed: {failure}")),
    })
}

/// Why we refuse the server.
fn of_certificate(fault: &CertificateError) -> String {
    let fault = match fault {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "is not valid yet".to_owned(),
        CertificateError::UnknownIssuer => "is from an authority that is not trusted; option=tls_ca_file".to_owned(),
        CertificateError::NotValidForName => "is for another host; option=tls_server_name".to_owned(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let (expected, presented) = (expected.to_str(), presented.join(", "));
            format!("is for another host; expected={expected} presented=[{presented}] option=tls_server_name")
        }
        CertificateError::Revoked => "was revoked".to_owned(),
        other => format!("is of no use: {other}"),
    };
    format!("the server's certificate {fault}")
}

/// Why the server refuses us.
fn of_alert(alert: AlertDescription) -> Verdict {
    use AlertDescription as Alert;
    match alert {
        Alert::NoCertificate | Alert::CertificateRequired => {
            permanent(ErrorKind::PermissionDenied, "the server asks for a certificate of ours".to_owned())
        }
        Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateRevoked
        | Alert::CertificateExpired
        | Alert::CertificateUnknown
        | Alert::UnknownCA
        | Alert::AccessDenied => {
            permanent(ErrorKind::PermissionDenied, format!("the server refuses our certificate: {alert:?}"))
        }
        Alert::HandshakeFailure | Alert::ProtocolVersion | Alert::InsufficientSecurity | Alert::UnrecognisedName => {
            permanent(ErrorKind::Config, format!("the server refuses TLS with us: {alert:?}"))
        }
        _ => passing(format!("the server ended TLS: {alert:?}")),
    }
}

fn permanent(kind: ErrorKind, message: String) -> Verdict {
    Verdict { kind, retry: Retry::Never, message }
}

fn passing(message: String) -> Verdict {
    Verdict { kind: ErrorKind::Unavailable, retry: Retry::AfterBackoff, message }
}
