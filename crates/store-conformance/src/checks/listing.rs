//! Listing shows every key, page by page, and what is malformed is refused.

use std::collections::BTreeSet;

use futures_util::TryStreamExt;
use futures_util::future::BoxFuture;
use proptest::collection::vec;
use proptest::sample::{select, subsequence};
use store_core::{Cursor, ErrorKind, ListedKey, Listing, Namespace, Page, StoreExt, Ttl};

use crate::cases::{for_all, once};
use crate::context::{Context, Scope, StoreHandle};
use crate::failure::{CheckResult, Failure, ensure, ensure_eq, refused_with};
use crate::race::at_once;
use crate::registry::{Family, check};
use crate::strategy::{NASTY, Path, keys, short_ttls};
use crate::walk::{MAX_PAGES, Reach, walk, walk_set};

pub(crate) const FAMILY: Family =
    Family { name: "listing", checks: &[check!(list_is_complete, Listing), check!(list_refuses_bad_input, Listing)] };

type Listed = Vec<(Namespace, String)>;

async fn list_is_complete(context: &Context) -> CheckResult {
    let limit = context.capabilities().max_key_bytes.min(1024);
    let paths = context.look_alikes();
    let inputs = (
        subsequence(paths.clone(), 1..=4),
        vec(keys(limit), 0..12),
        select(paths),
        select(&[1usize, 2, 3, 7, 1000][..]),
    );
    type Inputs = (Vec<Path>, Vec<String>, Path, usize);
    for_all(context, inputs, async |scope: &Scope<'_>, (filled, keys, listed, limit): Inputs| {
        let store = scope.store()?;
        for path in &filled {
            let inside = store.namespace(*path)?;
            for key in &keys {
                inside.set(key, "x").await?;
            }
        }
        let root = Namespace::try_from(listed)?;
        scope.plant_key_that_is_no_text(&root).await?;
        let asked = store.namespace(listed)?;
        for reach in [Reach::Namespace, Reach::Subtree] {
            let mut promised = BTreeSet::new();
            for path in &filled {
                let below = Namespace::try_from(*path)?.relative_to(&root);
                if let Some(below) = below.filter(|below| reach == Reach::Subtree || below.is_empty()) {
                    promised.extend(keys.iter().map(|key| (below.clone(), key.clone())));
                }
            }
            compare(context, &walk(&asked, reach, limit).await?, &promised)?;
            let streamed = match reach {
                Reach::Namespace => asked.list().limit(limit).stream(),
                Reach::Subtree => asked.list().subtree().limit(limit).stream(),
            };
            let streamed: Vec<ListedKey> = streamed.try_collect().await?;
            let streamed: Listed = streamed.into_iter().map(|key| (key.namespace, key.key.to_string())).collect();
            compare(context, &streamed, &promised)?;
        }
        Ok(())
    })
    .await?;
    for_all(context, short_ttls(&context.time), async |scope: &Scope<'_>, ttl: Ttl| {
        let (store, time) = (scope.store()?, scope.time());
        store.set("lasting", "x").never_expires().await?;
        let (done, during) = time.measure(store.set("passing", "x").expiry(ttl)).await;
        done?;
        time.pass_until(time.deadline(store_core::Lifetime::In(ttl), during).high).await;
        let promised = BTreeSet::from([(Namespace::EMPTY, "lasting".to_owned())]);
        compare(context, &walk(&store, Reach::Subtree, 1).await?, &promised)
    })
    .await?;
    once(context, async |scope: &Scope<'_>| lists_what_is_nasty(context, scope).await).await?;
    once(context, resumes_from_a_kept_cursor).await?;
    once(context, shows_what_stays_while_others_go).await?;
    once(context, shows_what_stays_while_others_write).await
}

fn compare(context: &Context, listed: &Listed, promised: &BTreeSet<(Namespace, String)>) -> Result<(), Failure> {
    let seen: BTreeSet<_> = listed.iter().cloned().collect();
    ensure_eq!(&seen, promised, "the keys listed");
    if context.capabilities().listing == Listing::ByteOrder {
        ensure_eq!(listed.len(), seen.len(), "how many keys were listed, each once");
        let mut namespaces: Vec<_> = listed.iter().map(|(namespace, _)| namespace).collect();
        namespaces.dedup();
        for namespace in namespaces {
            let keys: Vec<_> = listed.iter().filter(|(other, _)| other == namespace).map(|(_, key)| key).collect();
            ensure!(keys.is_sorted(), "the keys of a namespace are not in byte order: {keys:?}");
        }
    }
    Ok(())
}

/// Keys that only some orders of text agree on, all in one list.
async fn lists_what_is_nasty(context: &Context, scope: &Scope<'_>) -> Result<(), Failure> {
    let (store, limit) = (scope.store()?, context.capabilities().max_key_bytes);
    let keys = NASTY.iter().filter(|key| key.len() <= limit);
    let mut promised = BTreeSet::new();
    for key in keys {
        store.set(key, "x").await?;
        promised.insert((Namespace::EMPTY, (*key).to_owned()));
    }
    compare(context, &walk(&store, Reach::Namespace, 7).await?, &promised)
}

async fn resumes_from_a_kept_cursor(scope: &Scope<'_>) -> Result<(), Failure> {
    const ENTRIES: usize = 500;

    let (store, second) = (scope.store()?, scope.second_store()?);
    let mut promised = BTreeSet::new();
    for number in 0..ENTRIES {
        let key = format!("{number}*{{{number}}}");
        store.set(&key, "x").await?;
        promised.insert(key);
    }
    let mut seen = BTreeSet::new();
    let (mut kept, mut ended): (Option<String>, _) = (None, false);
    for _ in 0..MAX_PAGES {
        let list = second.list().limit(17);
        let page = match &kept {
            None => list.await?,
            Some(text) => {
                // The same place twice: a cursor is not used up.
                let again = list.clone().after(Cursor::new(text.as_str())).await?;
                seen.extend(again.keys.into_iter().map(|listed| listed.key.to_string()));
                list.after(Cursor::new(text.as_str())).await?
            }
        };
        seen.extend(page.keys.into_iter().map(|listed| listed.key.to_string()));
        match page.next {
            Some(cursor) => kept = Some(cursor.as_str().to_owned()),
            None => {
                ended = true;
                break;
            }
        }
    }
    ensure!(ended, "the list did not end within {MAX_PAGES} pages");
    ensure_eq!(seen, promised, "the keys listed with cursors kept as text");
    Ok(())
}

/// Between two pages keys come and go, before the place that the walk has reached and behind it.
async fn shows_what_stays_while_others_go(scope: &Scope<'_>) -> Result<(), Failure> {
    const KEYS: usize = 100;

    let (store, second) = (scope.store()?, scope.second_store()?);
    let (staying, passing) = (|number| format!("{number:03} stays"), |number| format!("{number:03} passes"));
    for number in 0..KEYS {
        store.set(&staying(number), "x").await?;
        store.set(&passing(number), "x").await?;
    }
    let mut seen = BTreeSet::new();
    let mut cursor = None;
    for round in 0..MAX_PAGES {
        let list = store.list().limit(7);
        let page = match cursor {
            None => list.await?,
            Some(cursor) => list.after(cursor).await?,
        };
        seen.extend(page.keys.into_iter().map(|listed| listed.key.to_string()));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
        for gone in [round * 5, KEYS - 1 - round % KEYS] {
            second.delete(&passing(gone % KEYS)).await?;
        }
        second.set(&format!("{:03} comes", (round * 31) % KEYS), "x").await?;
    }
    ensure!(cursor.is_none(), "the list did not end within {MAX_PAGES} pages");
    for number in 0..KEYS {
        ensure!(seen.contains(&staying(number)), "a key that stays was not listed: {:?}", staying(number));
    }
    Ok(())
}

/// A walk at the same time as writers.
async fn shows_what_stays_while_others_write(scope: &Scope<'_>) -> Result<(), Failure> {
    const STAYING: usize = 200;
    const WALKS: usize = 5;

    let (store, second) = (scope.store()?, scope.second_store()?);
    for number in 0..STAYING {
        store.set(&format!("{number} stays"), "x").await?;
    }
    let walking = async move {
        let mut walks = Vec::new();
        for _ in 0..WALKS {
            walks.push(walk(&store, Reach::Namespace, 10).await?);
        }
        Ok::<_, Failure>(walks)
    };
    let writing = async move {
        for number in 0..WALKS * STAYING {
            second.set(&format!("{number} passes"), "x").await?;
            second.delete(&format!("{number} passes")).await?;
        }
        Ok::<_, Failure>(Vec::new())
    };
    let tasks: [BoxFuture<'static, Result<Vec<Listed>, Failure>>; 2] = [Box::pin(walking), Box::pin(writing)];
    for listed in at_once(tasks).await?.into_iter().collect::<Result<Vec<_>, _>>()?.concat() {
        let staying: BTreeSet<_> = listed.iter().map(|(_, key)| key).filter(|key| key.ends_with(" stays")).collect();
        ensure_eq!(staying.len(), STAYING, "how many of the keys that stay were listed while others were written");
    }
    Ok(())
}

async fn list_refuses_bad_input(context: &Context) -> CheckResult {
    once(context, async |scope: &Scope<'_>| {
        let store: StoreHandle = scope.store()?;
        for number in 0..20 {
            store.set(&number.to_string(), "x").await?;
        }
        refused_with(store.list().limit(0).await, ErrorKind::InvalidArgument, "a page of nothing")?;
        refused_with(store.list().subtree().limit(0).await, ErrorKind::InvalidArgument, "a page of nothing below")?;
        for forged in ["", "no cursor", "-1", "\0", "{}", "%", "18446744073709551616", "🦀"] {
            let answer = store.list().after(Cursor::new(forged)).await;
            refused_with(answer, ErrorKind::InvalidCursor, format_args!("the cursor {forged:?}"))?;
        }
        let longest = "x".repeat(100_000);
        refused_with(store.list().after(Cursor::new(longest)).await, ErrorKind::InvalidCursor, "a long cursor")?;
        ensure_eq!(walk_set(&store, Reach::Namespace, 1000).await?.len(), 20, "how many keys are there");
        Ok(())
    })
    .await?;
    once(context, shows_nothing_behind_a_cursor_of_another_namespace).await
}

/// Cursors go through the hands of strangers, as parts of addresses of pages.
async fn shows_nothing_behind_a_cursor_of_another_namespace(scope: &Scope<'_>) -> Result<(), Failure> {
    const KEYS: usize = 100;
    const CURSORS: usize = 5;

    let store = scope.store()?;
    let ours = store.namespace("app")?;
    for number in 0..KEYS {
        ours.set(&format!("{number} ours"), "x").await?;
    }
    // One that sorts before what is nested in ours, and the first one behind it.
    for other in ["app-x", "app0"] {
        let theirs = store.namespace(other)?;
        for number in 0..KEYS {
            theirs.set(&format!("{number} theirs"), "x").await?;
        }
        let mut page = theirs.list().limit(1).await?;
        for _ in 0..CURSORS {
            let Some(foreign) = page.next else { break };
            refuses_or_shows(" ours", ours.list().after(foreign.clone())).await?;
            refuses_or_shows(" ours", ours.list().subtree().after(foreign.clone())).await?;
            page = theirs.list().limit(1).after(foreign).await?;
        }
    }
    Ok(())
}

async fn refuses_or_shows(end: &str, list: impl IntoFuture<Output = store_core::Result<Page>>) -> Result<(), Failure> {
    match list.await {
        Ok(page) => {
            let strange = page.keys.iter().find(|listed| !listed.key.as_str().ends_with(end));
            ensure!(strange.is_none(), "a key of the namespace that the cursor is of was listed: {strange:?}");
        }
        Err(error) => ensure_eq!(error.kind(), ErrorKind::InvalidCursor, "the kind of {error}"),
    }
    Ok(())
}
