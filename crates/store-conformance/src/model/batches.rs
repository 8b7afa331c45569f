//! The steps of a program that only a cache has: batches and counters.

use store_core::{Bytes, CacheExt, Error, ErrorKind, Lifetime};

use crate::context::CacheHandle;
use crate::failure::{Failure, ensure_eq, refused_with};
use crate::time::Span;

use super::op::{KeyId, Op, When};
use super::oracle::{Guard, Place};
use super::program::{Run, declared};

impl Run<'_> {
    pub(super) async fn cache_step(&mut self, cache: &CacheHandle, space: usize, op: &Op) -> Result<(), Failure> {
        match op {
            Op::Add(id, value, when) => {
                let (expiry, written) = self.terms.resolve(*when);
                let call = cache.add(self.key(*id), value.clone()).expiry(expiry);
                let (stored, during) = self.time.measure(call).await;
                let stored = stored?;
                self.count_refusal(!stored);
                self.model.set((space, *id), during, value.clone(), written, &Guard::IfAbsent, stored)
            }
            Op::GetMany(ids) => {
                let (answers, during) = self.time.measure(cache.get_many(&self.keys(ids))).await;
                for (id, answer) in one_for_each(ids, answers?)? {
                    self.model.get((space, *id), during, answer.as_ref())?;
                }
                Ok(())
            }
            Op::SetMany(items) => self.set_many(cache, space, items).await,
            Op::DeleteMany(ids) => {
                let (answers, during) = self.time.measure(cache.delete_many(&self.keys(ids))).await;
                for (id, removed) in one_for_each(ids, answers?)? {
                    self.model.delete((space, *id), during, &Guard::Always, removed)?;
                }
                Ok(())
            }
            Op::ExpireMany(ids, when) => {
                let (expiry, lifetime) = self.terms.resolve_change(*when);
                let (answers, during) = self.time.measure(cache.expire_many(&self.keys(ids), expiry)).await;
                for (id, existed) in one_for_each(ids, answers?)? {
                    self.model.expire((space, *id), during, lifetime, existed)?;
                }
                Ok(())
            }
            Op::Increment(id, delta, when) => self.count(cache, (space, *id), *delta, *when).await,
            Op::Decrement(id, delta, when) => self.count_down(cache, (space, *id), *delta, *when).await,
            other => Err(Failure::new(format!("no operation of a cache: {}", other.name()))),
        }
    }

    async fn set_many(
        &mut self,
        cache: &CacheHandle,
        space: usize,
        items: &[(KeyId, Bytes, When)],
    ) -> Result<(), Failure> {
        let resolved: Vec<_> =
            items.iter().map(|(id, value, when)| (*id, value.clone(), self.terms.resolve(*when))).collect();
        let batch = resolved.iter().map(|(id, value, (expiry, _))| (self.key(*id), value.clone(), *expiry));
        let (done, during) = self.time.measure(cache.set_many(batch)).await;
        done?;
        for (id, value, (_, written)) in resolved {
            self.model.set((space, id), during, value, written, &Guard::Always, true)?;
        }
        Ok(())
    }

    async fn count(&mut self, cache: &CacheHandle, at: Place, delta: i64, when: When) -> Result<(), Failure> {
        let (expiry, lifetime) = self.terms.resolve_change(when);
        let call = cache.increment(self.key(at.1), delta).expiry_on_create(expiry);
        let (sum, during) = self.time.measure(call).await;
        self.judge_sum(at, delta, lifetime, sum, during)
    }

    async fn count_down(&mut self, cache: &CacheHandle, at: Place, delta: i64, when: When) -> Result<(), Failure> {
        let (expiry, lifetime) = self.terms.resolve_change(when);
        let call = cache.decrement(self.key(at.1), delta).expiry_on_create(expiry);
        let (sum, during) = self.time.measure(call).await;
        match delta.checked_neg() {
            Some(negated) => self.judge_sum(at, negated, lifetime, sum, during),
            None if self.capabilities.counters.is_supported() => {
                self.coverage.count("refusal");
                refused_with(sum, ErrorKind::OutOfRange, "decrement by the smallest number").map(drop)
            }
            None => declared(self.capabilities.counters, sum).map(drop),
        }
    }

    fn judge_sum(
        &mut self,
        at: Place,
        delta: i64,
        on_create: Lifetime,
        sum: Result<i64, Error>,
        during: Span,
    ) -> Result<(), Failure> {
        let answer = match sum {
            Err(error) if matches!(error.kind(), ErrorKind::NotAnInteger | ErrorKind::OutOfRange) => Err(error.kind()),
            sum => match declared(self.capabilities.counters, sum)? {
                Some(sum) => Ok(sum),
                None => return Ok(()),
            },
        };
        self.count_refusal(answer.is_err());
        self.model.add_to_counter(at, during, delta, on_create, answer)
    }
}

fn one_for_each<T>(ids: &[KeyId], answers: Vec<T>) -> Result<impl Iterator<Item = (&KeyId, T)>, Failure> {
    ensure_eq!(answers.len(), ids.len(), "the number of answers");
    Ok(ids.iter().zip(answers))
}
