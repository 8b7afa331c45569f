//! Carries out a program on two clients and on the model, answer by answer.

use std::fmt::Debug;

use store_core::{
    Bytes, ContentType, ErrorKind, Key, KeyBuf, KeyValueStore, Record, RecordPageOptions, StoreLabel, StoreSelector,
};

use crate::collections::Collections;
use crate::context::Scope;
use crate::failure::{Failure, ensure_eq, refused_with};
use crate::harness::Reopened;
use crate::model::Subject;
use crate::model::coverage::Coverage;
use crate::model::op::Through;
use crate::time::Time;

use super::op::{Age, BadInput, Called, KeyId, Op, Page, Program, Step};
use super::oracle::{Collection, Model};
use super::regression::{Culprit, tell};
use super::show::Shown;

/// Runs the program and says what it covered.
pub(crate) async fn run(scope: &Scope<'_>, program: Program) -> Result<Coverage, Failure> {
    let mut run = Run::begin(scope, &program).await?;
    let Err((culprit, failure)) = run.carry_out().await else { return Ok(run.coverage) };
    let (name, blamed) = (Subject::Records.check(), (culprit, failure.message()));
    Err(match tell(name, scope.time(), scope.access_times(), &program, blamed).await {
        Ok(test) => failure.with_test(test),
        Err(contradiction) => failure.in_context(format_args!("  without a test to paste: {contradiction}")),
    })
}

/// A collection beside the program's, which no step may touch.
struct Noise;

impl Noise {
    const KEY: &'static str = "app";

    async fn open(collections: &Collections<'_>) -> Result<KeyValueStore, Failure> {
        collections.open(&collections.named("ap")?).await
    }

    async fn make(collections: &Collections<'_>) -> Result<(), Failure> {
        let beside = Self::open(collections).await?;
        Ok(beside.set_record(Self::KEY, ContentType::TEXT, Bytes::from_static(b"noise")).await?)
    }

    async fn check(collections: &Collections<'_>) -> Result<(), Failure> {
        let value = Self::open(collections).await?.get_record(Self::KEY).await?.map(|record| record.value);
        ensure_eq!(value.as_deref(), Some(&b"noise"[..]), "a record beside the program's");
        Ok(())
    }
}

/// The handles on one collection, from the first that was opened to the last.
#[derive(Clone, Debug)]
struct Handles {
    oldest: KeyValueStore,
    newest: KeyValueStore,
}

/// A program under way.
struct Run<'a> {
    scope: &'a Scope<'a>,
    program: &'a Program,
    time: &'a Time,
    /// None while the data is opened again.
    collections: Option<Collections<'a>>,
    model: Model<'a>,
    coverage: Coverage,
    /// For each of two clients, those on each collection, in the order of [`Called::ALL`].
    handles: [Vec<Handles>; 2],
}

impl<'a> Run<'a> {
    /// Every collection is there at the beginning, opened through both clients.
    async fn begin(scope: &'a Scope<'_>, program: &'a Program) -> Result<Self, Failure> {
        let mut run = Self {
            scope,
            program,
            time: scope.time(),
            collections: None,
            model: Model::new(scope.time(), scope.access_times()),
            coverage: Coverage::default(),
            handles: [Vec::new(), Vec::new()],
        };
        Noise::make(&scope.collections()?).await?;
        run.open_all().await?;
        Ok(run)
    }

    /// Opens every collection through both clients, as the harness has them now.
    async fn open_all(&mut self) -> Result<(), Failure> {
        self.collections = Some(self.scope.collections()?);
        for called in Called::ALL {
            for through in [Through::First, Through::Second] {
                let newest = self.open(through, called).await?;
                self.handles[through as usize].push(Handles { oldest: newest.clone(), newest });
            }
        }
        Ok(())
    }

    /// Lets go of every handle, so that there is none when the data is opened again.
    async fn reopen(&mut self) -> Result<(), Failure> {
        (self.collections, self.handles) = (None, Default::default());
        if self.scope.reopen().await? == Reopened::Done {
            self.coverage.operations += 1;
            self.coverage.count(Op::Reopen.name());
        }
        self.open_all().await
    }

    fn collections(&self) -> Result<&Collections<'a>, Failure> {
        self.collections.as_ref().ok_or_else(|| Failure::new("the data is not open"))
    }

    /// From the first step to a last look at everything; what failed, if anything did.
    async fn carry_out(&mut self) -> Result<(), (Culprit, Failure)> {
        let (program, steps) = (self.program, self.program.steps.len());
        for (number, step) in program.steps.iter().enumerate() {
            self.step(step).await.map_err(|failure| {
                let shown = Shown { program, step };
                let failure = failure.in_context(format_args!("  in step {} of {steps}: {shown}", number + 1));
                (Culprit::Step(number), failure)
            })?;
        }
        self.compare_all().await?;
        let looked = async { Noise::check(self.collections()?).await };
        looked.await.map_err(|failure| (Culprit::Noise, failure))?;
        self.coverage.cases = 1;
        Ok(())
    }

    fn label(&self, called: Called) -> Result<StoreLabel, Failure> {
        let collections = self.collections()?;
        match called {
            Called::Name => collections.named("app"),
            Called::Alias => collections.aliased("app"),
            Called::LongerName => collections.named("app-le"),
        }
    }

    async fn open(&mut self, through: Through, called: Called) -> Result<KeyValueStore, Failure> {
        let label = self.label(called)?;
        let collections = self.collections()?;
        let (opened, during) = match through {
            Through::First => self.time.measure(collections.open(&label)).await,
            Through::Second => self.time.measure(collections.open_again(&label)).await,
        };
        let opened = opened?;
        ensure_eq!(opened.opened().label, label, "the label of what was opened");
        self.model.open(called, during, opened.opened())?;
        Ok(opened)
    }

    async fn step(&mut self, step: &Step) -> Result<(), Failure> {
        if let Op::Reopen = step.op {
            return self.reopen().await;
        }
        self.coverage.operations += 1;
        self.coverage.count(step.op.name());
        if step.through == Through::Second {
            self.coverage.count("second_client");
        }
        let Step { through, collection: called, .. } = *step;
        let handles = &self.handles[through as usize][called as usize];
        let handle = match step.age {
            Age::Newest => handles.newest.clone(),
            Age::Oldest => handles.oldest.clone(),
        };
        match &step.op {
            Op::Pass(duration) => self.time.pass(*duration).await,
            Op::Refused(bad) => {
                self.coverage.count("refusal");
                self.coverage.add("not_found", u64::from(matches!(bad, BadInput::UnknownId)));
                refuse(&handle, *bad).await?;
            }
            Op::Open => {
                self.coverage.add("made_again", u64::from(!self.model.has(called)));
                self.handles[through as usize][called as usize].newest = self.open(through, called).await?;
            }
            Op::OpenById => self.open_by_id(&handle, called).await?,
            Op::Drop => self.drop(&handle, called).await?,
            Op::ListKeys(page) => self.list_keys(&handle, called, page).await?,
            Op::ListRecords(page) => self.list_records(&handle, called, page).await?,
            op => self.on_records(&handle, called, op).await?,
        }
        Ok(())
    }

    /// Judges an answer by the collection that the handle is on, or as a refusal where that was dropped.
    fn judge<T: Debug>(
        &mut self,
        handle: &KeyValueStore,
        called: Called,
        answer: store_core::Result<T>,
        by: impl FnOnce(&mut Collection<'_>, T) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        match self.model.with_id(called, handle.id()) {
            Some(collection) => by(collection, answer?),
            None => {
                self.coverage.count("dropped");
                refused_with(answer, ErrorKind::Dropped, "what is asked of a dropped collection").map(drop)
            }
        }
    }

    async fn on_records(&mut self, handle: &KeyValueStore, called: Called, op: &Op) -> Result<(), Failure> {
        let time = self.time;
        match op {
            Op::Get(id) => {
                let key = self.key(*id);
                let (answer, during) = time.measure(handle.get_record(key)).await;
                self.judge(handle, called, answer, |collection, answer| collection.get(during, key, answer.as_ref()))
            }
            Op::Set(id, content_type, value) => {
                let record = Record::new(KeyBuf::new(self.key(*id))?, content_type.clone(), value.clone());
                let call = handle.set_record(self.key(*id), content_type.clone(), value.clone());
                let (answer, during) = time.measure(call).await;
                self.judge(handle, called, answer, |collection, ()| {
                    collection.set(during, record);
                    Ok(())
                })
            }
            Op::Has(id) => {
                let key = self.key(*id);
                let (answer, during) = time.measure(handle.record_exists(key)).await;
                self.judge(handle, called, answer, |collection, answer| collection.has(during, key, answer))
            }
            Op::Delete(id) => {
                let key = self.key(*id);
                let (answer, during) = time.measure(handle.delete_value(key)).await;
                self.judge(handle, called, answer, |collection, removed| collection.delete(during, key, removed))
            }
            Op::Metadata => {
                let answer = handle.metadata().await;
                self.judge(handle, called, answer, |collection, answer| collection.metadata(&answer))
            }
            Op::Purge => {
                let (answer, during) = time.measure(handle.purge()).await;
                self.judge(handle, called, answer, |collection, ()| {
                    collection.purge(during);
                    Ok(())
                })
            }
            other => Err(Failure::new(format!("no operation on records: {}", other.name()))),
        }
    }

    async fn open_by_id(&mut self, handle: &KeyValueStore, called: Called) -> Result<(), Failure> {
        let selector = StoreSelector::Id(handle.id().to_owned());
        let (answer, during) = self.time.measure(KeyValueStore::open(handle.client().clone(), selector)).await;
        match self.model.with_id(called, handle.id()) {
            Some(collection) => collection.open(during, answer?.opened()),
            None => {
                self.coverage.count("not_found");
                refused_with(answer, ErrorKind::NotFound, "an open by the id of a dropped collection").map(drop)
            }
        }
    }

    async fn drop(&mut self, handle: &KeyValueStore, called: Called) -> Result<(), Failure> {
        let was_there = self.model.with_id(called, handle.id()).is_some();
        self.judge(handle, called, handle.drop().await, |_, ()| Ok(()))?;
        if was_there {
            self.model.drop(called);
        }
        Ok(())
    }

    async fn list_keys(&mut self, handle: &KeyValueStore, called: Called, page: &Page) -> Result<(), Failure> {
        let (options, start) = (self.options(page)?, page.behind.map(|id| self.key(id)));
        let limit = options.max_keys();
        let (answer, during) = self.time.measure(handle.list_keys(options)).await;
        self.judge(handle, called, answer, |collection, page| {
            collection.list(during, start, limit, &page, Record::metadata)
        })
    }

    async fn list_records(&mut self, handle: &KeyValueStore, called: Called, page: &Page) -> Result<(), Failure> {
        let (options, start) = (self.options(page)?, page.behind.map(|id| self.key(id)));
        let limit = options.max_records();
        let (answer, during) = self.time.measure(handle.list_records(options)).await;
        self.judge(handle, called, answer, |collection, page| {
            collection.list(during, start, limit, &page, Record::clone)
        })
    }

    fn options(&self, page: &Page) -> Result<RecordPageOptions, Failure> {
        let mut options = RecordPageOptions::default();
        options.limit = page.limit;
        options.exclusive_start_key = page.behind.map(|id| KeyBuf::new(self.key(id))).transpose()?;
        Ok(options)
    }

    /// Looks at every collection through the handles that each client has.
    async fn compare_all(&mut self) -> Result<(), (Culprit, Failure)> {
        let whole = Page { behind: None, limit: None };
        for called in Called::ALL {
            for through in [Through::First, Through::Second] {
                let handle = self.handles[through as usize][called as usize].newest.clone();
                let compared = async {
                    self.list_records(&handle, called, &whole).await?;
                    self.list_keys(&handle, called, &whole).await?;
                    self.on_records(&handle, called, &Op::Metadata).await
                };
                compared.await.map_err(|failure| {
                    let failure =
                        failure.in_context(format_args!("  after the program, in {called:?} through {through:?}"));
                    (Culprit::Look(through, called), failure)
                })?;
            }
        }
        Ok(())
    }

    fn key(&self, id: KeyId) -> &'a str {
        &self.program.keys[id]
    }
}

async fn refuse(handle: &KeyValueStore, bad: BadInput) -> Result<(), Failure> {
    match bad {
        BadInput::EmptyKey => refused_with(handle.get_record("").await, ErrorKind::InvalidKey, "an empty key"),
        BadInput::LongKey => {
            let key = "k".repeat(Key::MAX_BYTES + 1);
            refused_with(handle.delete_value(&key).await, ErrorKind::InvalidKey, "a key that is too long")
        }
        BadInput::UnknownId => {
            let selector = StoreSelector::Id("nobody has this id".to_owned());
            let opened = KeyValueStore::open(handle.client().clone(), selector).await;
            refused_with(opened, ErrorKind::NotFound, "an unknown id")
        }
    }
    .map(drop)
}
