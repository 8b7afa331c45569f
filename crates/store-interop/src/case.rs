//! A case: a named function that fails or does not.

use anyhow::Result;
use futures_util::future::LocalBoxFuture;

use crate::sides::Sides;

/// Who writes what the other one reads, renews, counts, lists or removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    PythonWrites,
    RustWrites,
    Both,
}

impl Direction {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PythonWrites => "python_writes",
            Self::RustWrites => "rust_writes",
            Self::Both => "both",
        }
    }
}

/// Made by [`cases!`].
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) direction: Direction,
    pub(crate) function: &'static str,
    pub(crate) run: for<'a> fn(&'a Sides) -> LocalBoxFuture<'a, Result<()>>,
}

impl Case {
    /// The name of its function, in words.
    pub(crate) fn name(&self) -> String {
        self.function.replace('_', " ")
    }
}

/// A table of cases: a direction, then the functions that go in it.
macro_rules! cases {
    ($($direction:ident: [$($function:ident),* $(,)?])*) => {
        &[$($($crate::case::Case {
            direction: $crate::case::Direction::$direction,
            function: stringify!($function),
            run: |sides| Box::pin($function(sides)),
        }),*),*]
    };
}

pub(crate) use cases;

#[cfg(test)]
mod tests {
    use super::*;

    async fn nothing_happens(_: &Sides) -> Result<()> {
        std::future::ready(Ok(())).await
    }

    #[test]
    fn a_table_names_each_case_after_its_function() {
        const CASES: &[Case] = cases! {
            PythonWrites: [nothing_happens]
            Both: [nothing_happens]
        };
        let listed: Vec<_> = CASES.iter().map(|case| (case.direction.name(), case.name())).collect();
        let name = || "nothing happens".to_owned();
        assert_eq!(listed, [("python_writes", name()), ("both", name())]);
    }
}
