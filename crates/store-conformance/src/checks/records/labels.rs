//! What collections may be called, and what content types may be.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use store_core::{Bytes, ContentType, ErrorKind, StoreAlias, StoreLabel, StoreName};

use crate::cases::{for_all, once};
use crate::collections::Collections;
use crate::context::{Context, Scope};
use crate::failure::{CheckResult, Failure, ensure, ensure_eq, refused_with};
use crate::strategy::NASTY;

/// Texts of which many are names, many are aliases and no names, and some are neither.
fn texts() -> impl Strategy<Value = String> + Clone {
    let letters = select(&['a', 'Z', '0', '9', '-', '_', '.', '/', '\\', '\0', 'é', ' '][..]);
    prop_oneof![
        2 => select(NASTY).prop_map(str::to_owned),
        2 => "[a-zA-Z0-9-]{1,12}",
        2 => vec(letters, 0..5).prop_map(String::from_iter),
        1 => any::<String>(),
        1 => (1020..1030usize).prop_map(|bytes| "n".repeat(bytes)),
    ]
}

pub(super) async fn store_names(context: &Context) -> CheckResult {
    let is_name = |text: &str| {
        let plain = text.chars().all(|char| char.is_ascii_alphanumeric() || char == '-');
        plain && !text.is_empty() && !text.starts_with('-') && !text.ends_with('-') && text.len() <= 1024
    };
    for_all(context, texts(), async |scope: &Scope<'_>, text: String| {
        let collections = scope.collections()?;
        is_accepted(is_name(&text), StoreName::new(&*text), &text)?;
        let whole = format!("{}-{text}", collections.stem());
        is_accepted(is_name(&whole), StoreName::new(&*whole), &whole)?;
        if is_name(&whole) { tells_its_label(&collections, &collections.named(&text)?).await } else { Ok(()) }
    })
    .await?;
    once(context, async |scope: &Scope<'_>| {
        let collections = scope.collections()?;
        let longest = "n".repeat(StoreName::MAX_BYTES - collections.stem().len() - 1);
        let ends = ["a", "A", "aa", "a-a", "a--a", "0", "00", &longest, &longest[1..]];
        stay_apart(&collections, ends.map(|end| collections.named(end))).await
    })
    .await
}

pub(super) async fn store_aliases(context: &Context) -> CheckResult {
    let is_alias = |text: &str| {
        let is_path = matches!(text, "." | "..") || text.contains(['/', '\\', '\0']);
        !text.is_empty() && !is_path && text.len() <= 1024
    };
    for_all(context, texts(), async |scope: &Scope<'_>, text: String| {
        let collections = scope.collections()?;
        is_accepted(is_alias(&text), StoreAlias::new(&*text), &text)?;
        let whole = format!("{}-{text}", collections.stem());
        is_accepted(is_alias(&whole), StoreAlias::new(&*whole), &whole)?;
        if is_alias(&whole) { tells_its_label(&collections, &collections.aliased(&text)?).await } else { Ok(()) }
    })
    .await?;
    once(context, async |scope: &Scope<'_>| {
        let collections = scope.collections()?;
        let longest = "n".repeat(StoreAlias::MAX_BYTES - collections.stem().len() - 1);
        let nasty = NASTY.iter().copied().filter(|text| is_alias(text) && !text.starts_with('n'));
        let ends: Vec<&str> = nasty.chain([&*longest, &longest[1..]]).collect();
        stay_apart(&collections, ends.into_iter().map(|end| collections.aliased(end))).await
    })
    .await
}

fn is_accepted<T: std::fmt::Debug>(legal: bool, made: store_core::Result<T>, text: &str) -> Result<(), Failure> {
    if legal {
        return made.map(drop).map_err(|error| Failure::new(format!("{text:?} was refused: {error}")));
    }
    refused_with(made, ErrorKind::InvalidArgument, format_args!("{text:?}")).map(drop)
}

async fn tells_its_label(collections: &Collections<'_>, label: &StoreLabel) -> Result<(), Failure> {
    for collection in [collections.open(label).await?, collections.open_again(label).await?] {
        ensure_eq!(&collection.opened().label, label, "the label of an opened collection");
        ensure_eq!(collection.metadata().await?.name.as_ref(), label.name(), "the name in the metadata");
    }
    Ok(())
}

async fn stay_apart(
    collections: &Collections<'_>,
    labels: impl IntoIterator<Item = Result<StoreLabel, Failure>>,
) -> Result<(), Failure> {
    let mut ids = BTreeSet::new();
    for label in labels {
        let label = label?;
        tells_its_label(collections, &label).await?;
        let id = collections.open(&label).await?.id().to_owned();
        ensure!(ids.insert(id), "{label:?} is another collection");
    }
    Ok(())
}

/// Well-formed content types, with the oddities that are allowed in them.
pub(super) fn content_types() -> impl Strategy<Value = String> + Clone {
    let token = "[a-zA-Z0-9!#$%&'*+.^_`|~-]{1,20}";
    let parameters = prop_oneof![3 => Just(String::new()), 2 => " {0,2};[ -~\t]{0,30}"];
    let longest = Just(format!("a/{}", "b".repeat(ContentType::MAX_BYTES - 2)));
    let generated = (token, token, parameters).prop_map(|(kind, subtype, rest)| format!("{kind}/{subtype}{rest}"));
    prop_oneof![20 => generated, 1 => longest]
}

pub(super) async fn content_type_limits(context: &Context) -> CheckResult {
    const GARBAGE: &[&str] = &[
        "",
        " ",
        "/",
        "text",
        "text/",
        "/html",
        "text//html",
        "a/b/c",
        " text/html",
        "text/html ",
        "text /html",
        "text/ html",
        "text/html\n",
        "text/html\r\nx: y",
        "text/html; a=\0",
        "text/html; a=é",
        "téxt/html",
        "text/html, text/plain",
        "text/(html)",
        "text/\"html\"",
        "text/html\u{7f}",
        "text/html; \u{80}",
    ];

    once(context, async |_: &Scope<'_>| {
        let too_long = format!("a/{}", "b".repeat(ContentType::MAX_BYTES - 1));
        for text in GARBAGE.iter().copied().chain([&*too_long]) {
            is_accepted(false, ContentType::try_from(text), text)?;
        }
        Ok(())
    })
    .await?;
    for_all(context, content_types(), async |scope: &Scope<'_>, text: String| {
        let [collection, again] = scope.collections()?.make().await?;
        let content_type = ContentType::new(text)?;
        collection.set_record("k", content_type.clone(), Bytes::from_static(b"x")).await?;
        let read = again.get_record("k").await?.map(|record| record.content_type);
        ensure_eq!(read.as_ref(), Some(&content_type), "the content type that was read");
        let listed = again.list_keys(store_core::RecordPageOptions::default()).await?.items;
        let listed: Vec<_> = listed.into_iter().map(|record| record.content_type).collect();
        ensure_eq!(listed, [content_type], "the content types that were listed");
        Ok(())
    })
    .await
}
