//! What collections refuse, how they say so, and what they leave as it is.

use std::fmt::Write;
use std::sync::Arc;

use store_core::{Error, ErrorKind, KeyValueStore};

use crate::cases::{for_all, once};
use crate::context::{Context, Scope};
use crate::failure::{CheckResult, Failure, Verdict, ensure, ensure_eq, refused_with};
use crate::harness::Planted;
use crate::pages::all_records;
use crate::strategy::{keys, repeated};

use super::content::{LARGEST_REFUSED, Shown, set};
use super::opening::open_id;
use super::operations::{KEY, OPERATIONS};

pub(super) async fn damaged_collections_stay(context: &Context) -> CheckResult {
    if !can_be_damaged(context).await? {
        return Ok(Verdict::Unsupported("nothing but collections can be in the backend".to_owned()));
    }
    once(context, async |scope: &Scope<'_>| {
        let [collection, again] = scope.collections()?.make().await?;
        for key in [KEY, "another"] {
            set(&collection, key, key).await?;
        }
        let before = collection.metadata().await?;
        scope.damage_collection(collection.opened()).await?;
        let refused = is_refused(&collection).await;
        scope.mend_collection(collection.opened()).await?;
        refused?;
        ensure_eq!(again.metadata().await?, before, "the metadata once it is back");
        let records: Vec<_> = all_records(&again, 10).await?.into_iter().map(Shown).collect();
        let untouched = records.iter().all(|record| record.0.value == record.0.key.as_str());
        ensure!(records.len() == 2 && untouched, "the records, once the metadata is back, are {records:?}");
        Ok(())
    })
    .await
}

async fn can_be_damaged(context: &Context) -> Result<bool, Failure> {
    let scope = context.scope()?;
    let [collection, _] = scope.collections()?.make().await?;
    let planted = scope.damage_collection(collection.opened()).await?;
    if planted == Planted::Done {
        scope.mend_collection(collection.opened()).await?;
    }
    Ok(planted == Planted::Done)
}

/// Fails unless every operation says that the metadata is none.
async fn is_refused(collection: &KeyValueStore) -> Result<(), Failure> {
    let is_told = |answer: Result<(), Error>, what: &str| {
        let kind = answer.as_ref().err().map(Error::kind);
        let told = matches!(kind, Some(ErrorKind::Corrupt | ErrorKind::WrongType));
        ensure!(told, "{what} of a damaged collection: promised Corrupt or WrongType, saw {answer:?}");
        Ok(())
    };
    for operation in OPERATIONS {
        is_told((operation.call)(collection.clone()).await, operation.name)?;
    }
    let label = collection.opened().label.clone();
    is_told(KeyValueStore::open(Arc::clone(collection.client()), label).await.map(drop), "an open")?;
    is_told(open_id(collection.client(), collection.id()).await.map(drop), "an open by id")
}

/// A word that must not appear in any error.
const CANARY: &str = "canary-in-a-record";

pub(super) async fn record_errors_never_show_values(context: &Context) -> CheckResult {
    once(context, async |scope: &Scope<'_>| {
        let collections = scope.collections()?;
        let [collection, again] = collections.make().await?;
        let (driver, most_value, most_key) = {
            let declared = collection.client().capabilities();
            (declared.driver, declared.max_value_bytes, declared.max_key_bytes)
        };
        let long_key = format!("{}{CANARY}", repeated('k', most_key.saturating_sub(CANARY.len()).min(200)));
        set(&collection, KEY, CANARY).await?;
        set(&collection, &long_key, CANARY).await?;
        let shown = format!("{:?}", collection.get_record(KEY).await?);
        ensure!(!shown.contains(CANARY), "a record shows its value: {shown}");
        let mut errors = Vec::new();
        if most_value < LARGEST_REFUSED {
            let too_large = CANARY.repeat(most_value / CANARY.len() + 1);
            errors.push((set(&collection, KEY, &too_large).await, "set_record", Some(KEY)));
        }
        again.drop().await?;
        errors.push((set(&collection, KEY, CANARY).await, "set_record", Some(KEY)));
        for operation in OPERATIONS {
            errors.push(((operation.call)(collection.clone()).await, operation.name, operation.key));
        }
        for (answer, operation, key) in errors {
            let Err(error) = answer else { return Err(Failure::new(format!("{operation} succeeded"))) };
            tells_where(&error, driver, operation, key)?;
        }
        let error = refused_with(set(&collection, &long_key, CANARY).await, ErrorKind::Dropped, "a set")?;
        tells_where(&error, driver, "set_record", error.key())
    })
    .await
}

fn tells_where(error: &Error, driver: &str, operation: &str, key: Option<&str>) -> Result<(), Failure> {
    ensure_eq!(error.operation(), Some(operation), "the operation that this error names: {error}");
    ensure_eq!(error.driver(), Some(driver), "the driver that this error names: {error}");
    ensure_eq!(error.key(), key, "the key that this error names: {error}");
    let mut shown = format!("{error} {error:?}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        shown.push_str(&format!(" {cause} {cause:?}"));
        source = cause.source();
    }
    ensure!(!shown.contains(CANARY), "an error shows a value: {shown}");
    Ok(())
}

pub(super) async fn public_urls(context: &Context) -> CheckResult {
    let limit = context.record_capabilities()?.max_key_bytes;
    for_all(context, keys(limit), async |scope: &Scope<'_>, key: String| {
        let [collection, again] = scope.collections()?.make().await?;
        for reader in [&collection, &again] {
            let url = reader.public_url(&key).await;
            match scope.url_template() {
                None => drop(refused_with(url, ErrorKind::Unsupported, "an address without a template")?),
                Some(_) if matches!(&*key, "." | "..") => {
                    refused_with(url, ErrorKind::InvalidArgument, "an address that is no segment of a path")?;
                }
                Some(template) => {
                    let promised = template.replace("{id}", &encoded(reader.id())).replace("{key}", &encoded(&key));
                    ensure_eq!(url?, promised, "the address of a record");
                }
            }
        }
        ensure_eq!(collection.record_exists(&key).await?, false, "whether asking for an address made a record");
        Ok(())
    })
    .await
}

/// Percent-encoded, but for what RFC 3986 calls unreserved.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
        encoded
    })
}
