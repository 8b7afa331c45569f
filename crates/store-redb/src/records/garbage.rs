//! The records of collections that were purged or dropped. Nobody finds a way to them, and the sweep frees them.

use std::ops::Bound;

use store_core::Result;

use crate::error::Failure;
use crate::step::Writing;
use crate::table::OpenTable;
use crate::tables::{DESCRIPTIONS, GARBAGE, VALUES};

pub(crate) struct Garbage<'a, 'w> {
    generations: OpenTable<'a, u64, ()>,
    writing: &'w Writing<'a>,
}

impl<'a, 'w> Garbage<'a, 'w> {
    pub(crate) fn open(writing: &'w Writing<'a>) -> Result<Self, Failure> {
        Ok(Self { generations: writing.open(&GARBAGE)?, writing })
    }

    /// Leaves a generation to be freed.
    pub(super) fn add(&mut self, generation: u64) -> Result<(), Failure> {
        self.generations.insert(generation, ())?;
        Ok(())
    }

    /// Frees up to `most` records, and generations without any; how many of both.
    pub(crate) fn free(&mut self, most: usize) -> Result<usize, Failure> {
        let mut freed = 0;
        while freed < most {
            let first = self.generations.first()?.map(|(generation, _)| generation.value());
            let Some(generation) = first else { break };
            let records = free_records(self.writing, generation, most - freed)?;
            freed += records;
            if freed < most {
                self.generations.remove(generation)?;
                freed += 1;
            }
        }
        Ok(freed)
    }
}

fn free_records(writing: &Writing<'_>, generation: u64, most: usize) -> Result<usize, Failure> {
    let (mut descriptions, mut values) = (writing.open(&DESCRIPTIONS)?, writing.open(&VALUES)?);
    let all = (Bound::Included((generation, &b""[..])), Bound::Excluded((generation + 1, &b""[..])));
    let mut keys = Vec::new();
    for record in descriptions.range::<(u64, &[u8])>(all)?.take(most) {
        keys.push(record?.0.value().1.to_vec());
    }
    for key in &keys {
        descriptions.remove((generation, &**key))?;
        values.remove((generation, &**key))?;
    }
    Ok(keys.len())
}
