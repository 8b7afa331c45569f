//! Which programs the entries are shared with, and so how their keys are spelled.

use crate::keyspace::{Ambiguity, Compatible, Scheme};

/// How the keys of entries are spelled on the server: natively, or as a Python library spells them, for programs that
/// share live data with one. It is given to the [`Builder`](crate::Builder), and decides nothing else: what values are
/// is up to codecs.
///
/// | layout | `k` in `["app", "x"]` | without a namespace | in Python |
/// | --- | --- | --- | --- |
/// | [`native`](Self::native) | `{app}/x:k` | `:k` | |
/// | [`litestar`](Self::litestar) | `app_x:k` | `k` | `RedisStore(redis, namespace="app").with_namespace("x")` |
/// | [`cachelib`](Self::cachelib) | `appxk` | `k` | `RedisCache(redis, key_prefix="appx")` |
/// | [`cachetory`](Self::cachetory) | `appxk` | `k` | `Cache(backend=…, prefix="appx")` |
///
/// So the namespace *is* what Python calls namespace or prefix: `store.namespace("app:")` is `key_prefix="app:"`.
///
/// ```no_run
/// use store_redis::prelude::*;
/// use store_redis::{Config, Layout, RedisStore};
///
/// # async fn run(config: Config) -> store_redis::Result<()> {
/// let store = RedisStore::builder(config).layout(Layout::litestar()).connect().await?;
/// let sessions = store.namespace(["LITESTAR", "sessions"])?;
/// let session = sessions.get("3f0c").await?; // GET LITESTAR_sessions:3f0c
/// # Ok(())
/// # }
/// ```
///
/// # What the layouts of Python cannot keep apart
/// They escape nothing, so that keys are the same byte for byte. Therefore two addresses may share an entry, and what is
/// promised of namespaces (that they are injective, isolated, cleared and listed exactly) holds as far as this allows:
///
/// * Litestar: `["a", "b"]` is `["a_b"]`, and `k` in `["a"]` is `a:k` without a namespace. `clear` of `FOO` removes
///   `FOO:*` and `FOO_*:*`, which is everything nested in it, and also what lies in a root that begins with `FOO_`; never
///   `FOOBAR:k`. `list` shows a nested namespace as the longest path that is spelled like it, and takes a key that has a
///   `:` for one in a namespace.
/// * cachelib, cachetory: there is nothing between the prefix and the key, so `bk` in `["a"]` is `k` in `["ab"]`. `clear` of
///   `app` removes everything that begins with `app`, `apple` included, and `list` shows it as keys of `app`. A prefix
///   that ends with a separator, `app:`, keeps its keys from those of `apple:`.
/// * All three: a key that begins like `%l{` may be a [lock](crate::LockExt) of this driver, whose keys are spelled alike
///   in every layout. Such keys are never listed and never cleared.
///
/// [`strict`](Self::strict) refuses all of that.
///
/// # On a Cluster
/// Each key lies in a slot of its own, unless there are braces in it, as under
/// [`SlotPolicy::PerKey`](crate::SlotPolicy::PerKey): batches are atomic for each key alone, and `list` and `clear` visit
/// every primary. Braces in the namespace, `{LITESTAR}`, put all of it into one slot, for Python too; a walk then visits one
/// node, and a batch is one request. A [`SlotPolicy`](crate::SlotPolicy) other than the default is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Layout(Option<Compatible>);

impl Layout {
    /// Our own, which keeps everything apart. The default.
    #[must_use]
    pub const fn native() -> Self {
        Self(None)
    }

    /// That of Litestar's `RedisStore` and `ValkeyStore`.
    #[must_use]
    pub const fn litestar() -> Self {
        Self(Some(Compatible { scheme: Scheme::Litestar, ambiguity: Ambiguity::Allowed }))
    }

    /// That of cachelib's `RedisCache`.
    #[must_use]
    pub const fn cachelib() -> Self {
        Self(Some(Compatible { scheme: Scheme::Flat, ambiguity: Ambiguity::Allowed }))
    }

    /// That of cachetory's Redis backends, which is spelled like [`cachelib`](Self::cachelib).
    #[must_use]
    pub const fn cachetory() -> Self {
        Self::cachelib()
    }

    /// Refuses every address that could share an entry with another one, so that everything is kept apart again. It is
    /// [`InvalidKey`](crate::ErrorKind::InvalidKey) before anything is sent:
    ///
    /// * Litestar: a segment with `_` or `:` in it; a key with `:` that has no namespace.
    /// * cachelib, cachetory: more than one segment, or one that does not end with its only `:`; a key with `:` that has no
    ///   namespace.
    /// * All three: a root, or a key without a namespace, that begins with `%`, a small letter and `{`.
    ///
    /// What others wrote under refused addresses is not listed. Nor is it cleared where its path below a namespace of
    /// Litestar has an empty segment, as `FOO_:k` and `FOO__tmp:k` have below `FOO`; `clear` without a namespace removes
    /// all but locks. The native layout has nothing to refuse.
    #[must_use]
    pub const fn strict(self) -> Self {
        match self.0 {
            None => self,
            Some(Compatible { scheme, .. }) => Self(Some(Compatible { scheme, ambiguity: Ambiguity::Refused })),
        }
    }

    pub(crate) fn compatible(self) -> Option<Compatible> {
        self.0
    }
}
