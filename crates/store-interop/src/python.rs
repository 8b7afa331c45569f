//! Objects of the Python side, and their values: JSON, and tagged where JSON has no word for it.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::worker::{Answer, Worker};

/// An object that a worker has opened.
#[derive(Clone, Copy)]
pub(crate) struct Object<'a> {
    pub(crate) worker: &'a Worker,
    pub(crate) number: u64,
}

impl Object<'_> {
    /// Calls a method with positional arguments, an array.
    pub(crate) async fn call(&self, method: &str, arguments: Value) -> Result<Value> {
        self.call_with(method, arguments, json!({})).await
    }

    /// Calls a method with positional and with named arguments.
    pub(crate) async fn call_with(&self, method: &str, arguments: Value, named: Value) -> Result<Value> {
        let mut results = self.call_each(method, vec![(arguments, named)]).await?;
        results.pop().with_context(|| format!("{method} in Python gave no result"))
    }

    /// Calls a method several times in one go, so that nothing slows it down but the server.
    pub(crate) async fn call_each(&self, method: &str, calls: Vec<(Value, Value)>) -> Result<Vec<Value>> {
        match self.ask(method, calls).await? {
            Answer::Value(Value::Array(results)) => Ok(results),
            Answer::Value(_) => bail!("{method} in Python gave something other than a list of results"),
            Answer::Raised { class, message } => bail!("{method} in Python raised {class}: {message}"),
        }
    }

    /// Calls a method that has to raise, and gives the name of the exception's class.
    pub(crate) async fn raises(&self, method: &str, arguments: Value) -> Result<String> {
        self.raises_with(method, arguments, json!({})).await
    }

    pub(crate) async fn raises_with(&self, method: &str, arguments: Value, named: Value) -> Result<String> {
        match self.ask(method, vec![(arguments, named)]).await? {
            Answer::Raised { class, .. } => Ok(class),
            Answer::Value(value) => bail!("{method} in Python raised nothing and gave {value}"),
        }
    }

    async fn ask(&self, method: &str, calls: Vec<(Value, Value)>) -> Result<Answer> {
        self.worker.ask(json!({"on": self.number, "method": method, "calls": calls})).await
    }
}

/// `bytes`: the code points of the text are the bytes.
pub(crate) fn bytes(bytes: impl AsRef<[u8]>) -> Value {
    json!({"$bytes": bytes.as_ref().iter().copied().map(char::from).collect::<String>()})
}

/// An `int` that does not fit into 64 bits.
pub(crate) fn int(digits: &str) -> Value {
    json!({"$int": digits})
}

pub(crate) fn tuple(items: Value) -> Value {
    json!({"$tuple": items})
}

/// A `set` of what can be sorted.
pub(crate) fn set(items: Value) -> Value {
    json!({"$set": items})
}

/// An instance of a class of the worker's.
pub(crate) fn instance(field: Value) -> Value {
    json!({"$instance": field})
}

/// A `timedelta`.
pub(crate) fn milliseconds(number: i64) -> Value {
    json!({"$milliseconds": number})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_one_code_point() {
        assert_eq!(bytes([0, b'v', 0xff]), json!({"$bytes": "\0v\u{ff}"}));
    }
}
