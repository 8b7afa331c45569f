//! The values that a pickle makes. One may stand in many places, even within itself; they become a tree within limits.

use store_core::CodecError;

use super::{MAX_DEPTH, MAX_TEXT_BYTES, MAX_VALUES, damaged, too_much};
use crate::plain::Plain;

/// A value of a graph.
#[derive(Clone, Copy)]
pub(super) struct Id(usize);

/// All values that were made.
#[derive(Default)]
pub(super) struct Graph(Vec<Node>);

/// A value whose parts are values of the graph.
enum Node {
    Leaf(Plain),
    Collection(Kind, Vec<Id>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    List,
    Tuple,
    /// Keys and values by turns.
    Dict,
    Set,
    FrozenSet,
}

impl Graph {
    pub(super) fn add_leaf(&mut self, value: Plain) -> Result<Id, CodecError> {
        self.add(Node::Leaf(value))
    }

    pub(super) fn add_collection(&mut self, kind: Kind, parts: Vec<Id>) -> Result<Id, CodecError> {
        check_parts(kind, &parts)?;
        self.add(Node::Collection(kind, parts))
    }

    fn add(&mut self, node: Node) -> Result<Id, CodecError> {
        if self.0.len() == MAX_VALUES {
            return Err(too_much("too many values", MAX_VALUES));
        }
        self.0.push(node);
        Ok(Id(self.0.len() - 1))
    }

    /// Adds parts to a collection of this kind.
    pub(super) fn extend(&mut self, id: Id, expected: Kind, parts: Vec<Id>) -> Result<(), CodecError> {
        check_parts(expected, &parts)?;
        match self.0.get_mut(id.0) {
            Some(Node::Collection(kind, there)) if *kind == expected => {
                there.extend(parts);
                Ok(())
            }
            _ => Err(damaged("something is added to what is no such collection")),
        }
    }

    /// A value as a tree, in which everything is as often as it stands somewhere.
    pub(super) fn into_tree(self, root: Id) -> Result<Plain, CodecError> {
        Tree { graph: &self, values: 0, text_bytes: 0 }.grow(root, 0)
    }
}

fn check_parts(kind: Kind, parts: &[Id]) -> Result<(), CodecError> {
    match kind == Kind::Dict && !parts.len().is_multiple_of(2) {
        true => Err(damaged("a key without a value")),
        false => Ok(()),
    }
}

/// What of a graph has become a tree so far.
struct Tree<'a> {
    graph: &'a Graph,
    values: usize,
    text_bytes: usize,
}

impl Tree<'_> {
    fn grow(&mut self, id: Id, depth: usize) -> Result<Plain, CodecError> {
        if depth > MAX_DEPTH {
            return Err(too_much("nested too deeply, or in itself", MAX_DEPTH));
        }
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(too_much("too many values", MAX_VALUES));
        }
        let graph = self.graph;
        let Some(node) = graph.0.get(id.0) else { return Err(damaged("a value that is not there")) };
        match node {
            Node::Leaf(leaf) => {
                self.count_text(leaf)?;
                Ok(leaf.clone())
            }
            Node::Collection(kind, parts) => {
                let parts = parts.iter().map(|&part| self.grow(part, depth + 1)).collect::<Result<_, _>>()?;
                Ok(collection(*kind, parts))
            }
        }
    }

    fn count_text(&mut self, leaf: &Plain) -> Result<(), CodecError> {
        if let Plain::Text(text) = leaf {
            self.text_bytes = self.text_bytes.saturating_add(text.len());
        }
        match self.text_bytes > MAX_TEXT_BYTES {
            true => Err(too_much("too much text", MAX_TEXT_BYTES)),
            false => Ok(()),
        }
    }
}

fn collection(kind: Kind, parts: Vec<Plain>) -> Plain {
    match kind {
        Kind::List => Plain::List(parts),
        Kind::Tuple => Plain::Tuple(parts),
        Kind::Set => Plain::Set(parts),
        Kind::FrozenSet => Plain::FrozenSet(parts),
        Kind::Dict => {
            let mut parts = parts.into_iter();
            Plain::Dict(std::iter::from_fn(|| parts.next().zip(parts.next())).collect())
        }
    }
}
