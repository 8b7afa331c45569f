//! Keys and records come page by page, in byte order, completely and within bounds.

use std::collections::BTreeSet;
use std::future::{Future, ready};

use futures_util::{StreamExt, TryStreamExt, stream};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::sample::select;
use store_core::{ContentType, KeyBuf, KeyValueStore, RecordPage, RecordPageOptions};

use crate::cases::{for_all, for_each, once};
use crate::context::{Context, Scope};
use crate::failure::{CheckResult, Failure, ensure, ensure_eq};
use crate::pages::{Keyed, Walk, all_keys, all_records, behind};
use crate::race::{Look, Rounds, look_on};
use crate::strategy::{NASTY, keys, unlike_itself};

use super::content::set;

/// A letter or two of many scripts, and pairs that other orders than that of bytes turn round: by UTF-16, by case, by
/// length, by number.
const SCRIPTS: &[&str] = &[
    "Ж",
    "α",
    "Ω",
    "א",
    "ع",
    "अ",
    "ก",
    "한",
    "漢字",
    "ひ",
    "ꦗ",
    "𐍈",
    "𝔘",
    "😀",
    "\u{e000}",
    "\u{ffff}",
    "\u{10000}",
    "B",
    "b",
    "a1",
    "a10",
    "a2",
    "Z",
    "z",
    "ß",
    "ss",
    "ǆ",
    "\u{7f}",
    "\u{80}",
    "\u{7ff}",
    "\u{800}",
];

/// The longest key tried here; `record_limits` tries longer ones.
fn longest(context: &Context) -> Result<usize, Failure> {
    Ok(context.record_capabilities()?.max_key_bytes.min(1024))
}

fn many_keys(longest: usize) -> impl Strategy<Value = BTreeSet<String>> + Clone {
    vec(keys(longest), 0..16).prop_map(BTreeSet::from_iter)
}

async fn fill<'a>(collection: &KeyValueStore, keys: impl IntoIterator<Item = &'a str>) -> Result<(), Failure> {
    const AT_ONCE: usize = 32;

    let writes = stream::iter(keys).map(async |key| Ok(set(collection, key, "x").await?));
    writes.buffer_unordered(AT_ONCE).try_collect::<()>().await
}

fn keys_of<T: Keyed>(listed: &[T]) -> Vec<&str> {
    listed.iter().map(Keyed::key).collect()
}

pub(super) async fn record_keys_are_in_byte_order(context: &Context) -> CheckResult {
    let in_order = async |scope: &Scope<'_>, keys: BTreeSet<String>| {
        let [collection, again] = scope.collections()?.make().await?;
        fill(&collection, keys.iter().map(String::as_str)).await?;
        let promised: Vec<&str> = keys.iter().map(String::as_str).collect();
        for reader in [&collection, &again] {
            ensure_eq!(keys_of(&all_keys(reader, 1000).await?), promised, "the keys listed, in order");
            ensure_eq!(keys_of(&all_records(reader, 100).await?), promised, "the keys of the records listed, in order");
        }
        Ok(())
    };
    for_all(context, many_keys(longest(context)?), in_order).await?;
    let every_script = NASTY.iter().chain(SCRIPTS).map(|&key| key.to_owned()).collect();
    once(context, async |scope: &Scope<'_>| in_order(scope, every_script).await).await
}

pub(super) async fn record_pages_start_behind_a_key(context: &Context) -> CheckResult {
    let longest = longest(context)?;
    let inputs = (many_keys(longest), keys(longest), select(&[1usize, 2, 3, 1000][..]));
    for_all(context, inputs, async |scope: &Scope<'_>, (keys, stray, limit): (BTreeSet<String>, String, usize)| {
        let [collection, _] = scope.collections()?.make().await?;
        fill(&collection, keys.iter().map(String::as_str)).await?;
        for start in keys.iter().chain([&stray]) {
            let promised: Vec<&str> = keys.iter().map(String::as_str).filter(|key| *key > start.as_str()).collect();
            let options = behind(Some(&KeyBuf::new(start.as_str())?), limit);
            let page = collection.list_keys(options.clone()).await?;
            is_beginning_of(&promised, &keys_of(&page.items), start)?;
            let page = collection.list_records(options).await?;
            is_beginning_of(&promised, &keys_of(&page.items), start)?;
        }
        Ok(())
    })
    .await
}

fn is_beginning_of(promised: &[&str], listed: &[&str], start: &str) -> Result<(), Failure> {
    ensure!(
        promised.starts_with(listed) && listed.is_empty() == promised.is_empty(),
        "behind {start:?}: promised {promised:?} or the first of them, saw {listed:?}"
    );
    Ok(())
}

pub(super) async fn record_pages_are_bounded(context: &Context) -> CheckResult {
    const MANY: usize = RecordPageOptions::MAX_KEYS + 1;

    once(context, async |scope: &Scope<'_>| {
        let [collection, _] = scope.collections()?.make().await?;
        let keys: Vec<String> = (0..MANY).map(|number| number.to_string()).collect();
        fill(&collection, keys.iter().map(String::as_str)).await?;
        for limit in [None, Some(0), Some(1), Some(7), Some(100), Some(101), Some(1000), Some(MANY), Some(usize::MAX)] {
            let options = limit.map_or_else(RecordPageOptions::default, |limit| behind(None, limit));
            let page = collection.list_keys(options.clone()).await?;
            is_within(page.items.len(), page.next_start_key.as_ref(), limit, RecordPageOptions::MAX_KEYS)?;
            let page = collection.list_records(options).await?;
            is_within(page.items.len(), page.next_start_key.as_ref(), limit, RecordPageOptions::MAX_RECORDS)?;
        }
        ensure_eq!(all_keys(&collection, MANY).await?.len(), MANY, "how many keys there are on all pages");
        ensure_eq!(all_records(&collection, MANY).await?.len(), MANY, "how many records there are on all pages");
        Ok(())
    })
    .await?;
    once(context, values_fill_a_page).await
}

fn is_within(listed: usize, next: Option<&KeyBuf>, limit: Option<usize>, most: usize) -> Result<(), Failure> {
    let most = limit.unwrap_or(most).min(most);
    ensure!(listed <= most, "a page for {limit:?}: promised {most} items at most, saw {listed}");
    ensure_eq!(listed == 0, most == 0, "whether a page for {limit:?} is empty");
    ensure_eq!(next.is_none(), most == 0, "whether a page for {limit:?} of so many records is the last");
    Ok(())
}

/// Values of which a few fill a page, where the client takes such values, and one that is more than a page.
async fn values_fill_a_page(scope: &Scope<'_>) -> Result<(), Failure> {
    let filling = usize::try_from(RecordPageOptions::MAX_BYTES).unwrap_or(usize::MAX);
    let [collection, _] = scope.collections()?.make().await?;
    let most = collection.client().capabilities().max_value_bytes;
    let quarter = filling / 4;
    let sizes = [quarter, quarter - 1, quarter + 1, quarter, quarter, filling + 1, 1].map(|size| size.min(most));
    for (number, size) in sizes.into_iter().enumerate() {
        let value = unlike_itself(number as u64, size);
        collection.set_record(&number.to_string(), ContentType::OCTET_STREAM, value).await?;
    }
    let mut walk = Walk::of_pages(RecordPageOptions::MAX_RECORDS);
    loop {
        let page = collection.list_records(walk.next()).await?;
        let listed: Vec<usize> = page.items.iter().map(|record| record.value.len()).collect();
        let before_last: usize = listed.iter().rev().skip(1).sum();
        ensure!(before_last < filling, "a page goes on behind the record that fills it: {listed:?}");
        if !walk.take(page)? {
            break;
        }
    }
    let seen: Vec<usize> = walk.listed.iter().map(|record| record.value.len()).collect();
    ensure_eq!(seen, sizes, "the sizes of the values on all pages");
    Ok(())
}

/// What is done to one of the keys that come and go.
#[derive(Clone, Copy, Debug)]
enum Edit {
    Insert(usize),
    Remove(usize),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> + Clone {
    let edit = (any::<bool>(), 0..8usize);
    vec(edit.prop_map(|(inserts, at)| if inserts { Edit::Insert(at) } else { Edit::Remove(at) }), 0..4)
}

pub(super) async fn record_paging_is_complete(context: &Context) -> CheckResult {
    type Inputs = (BTreeSet<String>, usize, Vec<Vec<Edit>>);

    let inputs = (many_keys(longest(context)?), 1..4usize, vec(edits(), 1..8));
    let body = async |scope: &Scope<'_>, (keys, limit, between): Inputs| {
        let [collection, again] = scope.collections()?.make().await?;
        let (staying, passing): (Vec<&str>, Vec<&str>) = every_other(&keys);
        let there: Vec<&str> = staying.iter().chain(passing.iter().step_by(2)).copied().collect();
        fill(&collection, there.iter().copied()).await?;
        names_a_next_page(limit, there.len(), |options| collection.list_keys(options)).await?;
        names_a_next_page(limit, there.len(), |options| collection.list_records(options)).await?;
        let mut between = between.iter().cycle();
        let edit = || apply(&again, &passing, between.next().map(Vec::as_slice).unwrap_or_default());
        walk_and_edit(&collection, limit, &staying, edit).await
    };
    let few: BTreeSet<String> = ["a", "b", "c", "d", "e"].map(str::to_owned).into();
    // The last of a page goes before the next is asked for, and so is no longer there to start behind.
    let the_last_goes = (few, 1, vec![vec![], vec![Edit::Remove(0)]]);
    for_each(context, [the_last_goes], &body).await?;
    for_all(context, inputs, body).await?;
    once(context, shows_what_stays_while_others_write).await
}

/// Fails unless each page names a next one exactly if something is behind it, where nobody writes.
async fn names_a_next_page<T: Keyed, F>(
    limit: usize,
    there: usize,
    list: impl Fn(RecordPageOptions) -> F,
) -> Result<(), Failure>
where
    F: Future<Output = store_core::Result<RecordPage<T>>>,
{
    let mut walk = Walk::of_pages(limit);
    loop {
        let goes_on = walk.take(list(walk.next()).await?)?;
        let listed = walk.listed.len();
        ensure_eq!(goes_on, listed < there, "whether a page is to follow {listed} of {there} items");
        if !goes_on {
            return Ok(());
        }
    }
}

/// The keys in byte order, dealt out to two hands.
fn every_other(keys: &BTreeSet<String>) -> (Vec<&str>, Vec<&str>) {
    let keys = || keys.iter().map(String::as_str);
    (keys().step_by(2).collect(), keys().skip(1).step_by(2).collect())
}

async fn apply(collection: &KeyValueStore, keys: &[&str], edits: &[Edit]) -> Result<(), Failure> {
    for edit in edits {
        match *edit {
            Edit::Insert(at) if at < keys.len() => set(collection, keys[at], "x").await?,
            Edit::Remove(at) if at < keys.len() => collection.delete_value(keys[at]).await.map(drop)?,
            Edit::Insert(_) | Edit::Remove(_) => {}
        }
    }
    Ok(())
}

/// Lists keys and then records, and has something done between any two pages.
async fn walk_and_edit<F>(
    collection: &KeyValueStore,
    limit: usize,
    staying: &[&str],
    mut edit: impl FnMut() -> F,
) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    let mut walk = Walk::of_pages(limit);
    while walk.take(collection.list_keys(walk.next()).await?)? {
        edit().await?;
    }
    has_shown(&walk, staying)?;
    let mut walk = Walk::of_pages(limit);
    while walk.take(collection.list_records(walk.next()).await?)? {
        edit().await?;
    }
    has_shown(&walk, staying)
}

fn has_shown<T: Keyed>(walk: &Walk<T>, staying: &[&str]) -> Result<(), Failure> {
    for key in staying {
        ensure!(walk.listed.iter().any(|seen| seen.key() == *key), "a record that stays was not listed: {key:?}");
    }
    Ok(())
}

/// Lists at the same time as a writer writes.
async fn shows_what_stays_while_others_write(scope: &Scope<'_>) -> Result<(), Failure> {
    const ROUNDS: usize = 200;

    let [collection, again] = scope.collections()?.make().await?;
    let keys: BTreeSet<String> = NASTY.iter().chain(SCRIPTS).map(|&key| key.to_owned()).collect();
    let (staying, passing) = every_other(&keys);
    let owned = |keys: Vec<&str>| -> Vec<String> { keys.into_iter().map(str::to_owned).collect() };
    fill(&collection, staying.iter().copied()).await?;
    let (staying, passing) = (owned(staying), owned(passing));
    let writer = |rounds: Rounds| async move {
        for number in rounds {
            let key = &passing[number * 7 % passing.len()];
            set(&again, key, "x").await?;
            again.delete_value(key).await?;
        }
        Ok(())
    };
    let readers = [1, 10].map(|limit| -> Look {
        let (collection, staying) = (collection.clone(), staying.clone());
        Box::new(move || {
            let (collection, staying) = (collection.clone(), staying.clone());
            Box::pin(async move {
                let staying: Vec<&str> = staying.iter().map(String::as_str).collect();
                walk_and_edit(&collection, limit, &staying, || ready(Ok(()))).await
            })
        })
    });
    look_on(ROUNDS, writer, readers).await
}
