//! How a lock behaves when there is one caller at a time, and as long as it does not expire.

use std::fmt;

use super::Call;
use super::operation::Sequential;
use super::shrink::Part;
use LockState::{Free, Held, Unknown};

/// What an owner, named by a number, asks of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is an operation of the contract, with its owner")]
pub enum LockOp {
    Acquire { owner: usize },
    Extend { owner: usize },
    IsHeld { owner: usize },
    Release { owner: usize },
}

/// What a lock can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockAnswer {
    /// To `Acquire`: the fencing token; `None` when another holds the lock.
    Token(Option<u64>),
    /// To the others: whether the owner held the lock.
    Held(bool),
}

/// What is known of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LockState {
    /// Nothing.
    Unknown,
    /// Nobody holds it, and this was the last token, or a smaller one than that.
    Free {
        /// The token.
        last: u64,
    },
    /// Somebody holds it.
    Held {
        /// Who.
        owner: usize,
        /// By which token.
        token: Token,
    },
}

/// What is known of the token of a holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Token {
    /// It was told.
    Told(u64),
    /// Nobody was told it, but it is no smaller.
    AtLeast(u64),
}

impl LockOp {
    fn owner(self) -> usize {
        match self {
            Self::Acquire { owner } | Self::Extend { owner } | Self::IsHeld { owner } | Self::Release { owner } => {
                owner
            }
        }
    }

    /// After an attempt that was answered with a token, refused, or not answered.
    fn acquire(owner: usize, answer: Option<Option<u64>>, before: LockState) -> Option<LockState> {
        let with = |token| Some(Held { owner, token });
        match (before, answer) {
            (Unknown, Some(None)) => Some(before),
            (Held { owner: holder, .. }, Some(None) | None) if holder != owner => Some(before),
            (Held { owner: holder, .. }, Some(Some(_))) if holder != owner => None,
            (Free { .. } | Held { .. }, Some(None)) => None,
            (Unknown, None) => with(Token::AtLeast(0)),
            (Unknown, Some(Some(token))) => with(Token::Told(token)),
            (Free { last }, None) => with(Token::AtLeast(last.saturating_add(1))),
            (Free { last }, Some(Some(token))) => with(Token::Told(token)).filter(|_| token > last),
            (Held { .. }, None) => Some(before),
            (Held { token: Token::Told(told), .. }, Some(Some(token))) => Some(before).filter(|_| token == told),
            (Held { token: Token::AtLeast(least), .. }, Some(Some(token))) => {
                with(Token::Told(token)).filter(|_| token >= least)
            }
        }
    }

    /// After a release by its holder, if it is one.
    fn release(owner: usize, before: LockState) -> LockState {
        match before {
            Unknown => Free { last: 0 },
            Held { owner: holder, token: Token::Told(last) | Token::AtLeast(last) } if holder == owner => Free { last },
            Free { .. } | Held { .. } => before,
        }
    }
}

impl Sequential for LockOp {
    type Answer = LockAnswer;
    type State = LockState;

    const INITIAL: LockState = Free { last: 0 };
    const UNKNOWN: LockState = Unknown;

    fn apply(self, answer: Option<LockAnswer>, before: LockState) -> Option<LockState> {
        let owner = self.owner();
        let told = match (self, answer) {
            (Self::Acquire { .. }, None) => return Self::acquire(owner, None, before),
            (Self::Acquire { .. }, Some(LockAnswer::Token(token))) => return Self::acquire(owner, Some(token), before),
            (Self::Extend { .. } | Self::IsHeld { .. } | Self::Release { .. }, None) => None,
            (Self::Extend { .. } | Self::IsHeld { .. } | Self::Release { .. }, Some(LockAnswer::Held(held))) => {
                Some(held)
            }
            _ => return None,
        };
        let holds = match before {
            Unknown => None,
            Free { .. } => Some(false),
            Held { owner: holder, .. } => Some(holder == owner),
        };
        let right = told.is_none() || holds.is_none() || told == holds;
        let after = match (self, told.or(holds)) {
            (Self::Release { .. }, Some(true) | None) => Self::release(owner, before),
            (_, Some(true)) if before == Unknown => Held { owner, token: Token::AtLeast(0) },
            _ => before,
        };
        right.then_some(after)
    }

    fn observes(self, answer: Option<LockAnswer>) -> bool {
        match self {
            Self::Acquire { .. } => answer == Some(LockAnswer::Token(None)),
            Self::Release { .. } => answer == Some(LockAnswer::Held(false)),
            Self::Extend { .. } | Self::IsHeld { .. } => true,
        }
    }

    fn has_effect_only_in(self) -> Option<LockState> {
        None
    }

    fn separable(_calls: &[Call<Self>]) -> Vec<Vec<usize>> {
        Vec::new()
    }

    fn judge_by_kind(_calls: &[Call<Self>]) -> Option<Result<(), Part<Self>>> {
        None
    }
}

impl fmt::Display for LockOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = match self {
            Self::Acquire { .. } => "acquire",
            Self::Extend { .. } => "extend",
            Self::IsHeld { .. } => "is held",
            Self::Release { .. } => "release",
        };
        write!(f, "{operation} as {}", self.owner())
    }
}

impl fmt::Display for LockAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(Some(token)) => write!(f, "token {token}"),
            Self::Token(None) => f.write_str("refused"),
            Self::Held(true) => f.write_str("yes"),
            Self::Held(false) => f.write_str("no"),
        }
    }
}
