//! A subscriber that listens to everything and keeps it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Metadata, Subscriber};

/// What one event, or one span, has said.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) target: String,
    pub(crate) level: Level,
    pub(crate) fields: BTreeMap<String, String>,
}

impl Said {
    /// What stands in a field; nothing where it was left out.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

/// Everything that was said while this thread listened.
#[derive(Clone, Default)]
pub(crate) struct Capture(Arc<Mutex<Vec<Said>>>);

impl Capture {
    /// Listens to this thread, and so to all tasks of a runtime that has no other.
    pub(crate) fn listen() -> (Self, DefaultGuard) {
        let capture = Self::default();
        let guard = tracing::subscriber::set_default(capture.clone());
        (capture, guard)
    }

    pub(crate) fn of(&self, target: &str) -> Vec<Said> {
        self.0.lock().unwrap().iter().filter(|said| said.target == target).cloned().collect()
    }

    /// What the operations since the last call have come to.
    pub(crate) fn take_operations(&self) -> Vec<Said> {
        let said = self.of("store_redis::operations");
        self.0.lock().unwrap().retain(|said| said.target != "store_redis::operations");
        said
    }

    pub(crate) fn text(&self) -> String {
        format!("{:?}", self.0.lock().unwrap())
    }

    fn keep(&self, metadata: &Metadata<'_>, fields: Fields) {
        let said = Said { target: metadata.target().to_owned(), level: *metadata.level(), fields: fields.0 };
        self.0.lock().unwrap().push(said);
    }
}

impl Subscriber for Capture {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        span.record(&mut fields);
        self.keep(span.metadata(), fields);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut fields = Fields::default();
        values.record(&mut fields);
        let said = Said { target: "a span".to_owned(), level: Level::TRACE, fields: fields.0 };
        self.0.lock().unwrap().push(said);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.keep(event.metadata(), fields);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}
