//! Lists, alone or while others write, and clears.

use std::collections::BTreeSet;

use store_core::{ErrorKind, Listing, Namespace};

use super::entries::Teller;
use crate::failure::Failure;
use crate::model::enumeration::covers;
use crate::model::op::{Meanwhile, Step, Through, When};
use crate::model::oracle::{Guard, Place};
use crate::walk::Reach;

/// What a test makes of each key that is listed.
const SHOWN: &str = "format!(\"{} {}\", listed.namespace, listed.key)";

impl Teller<'_> {
    pub(super) fn list(&mut self, handle: &str, space: usize, reach: Reach, limit: usize) {
        let call = format!("{handle}.{}.limit({limit})", asked(reach));
        if !self.can_list() {
            self.script.refused(&call, ErrorKind::Unsupported);
            return;
        }
        let there = self.there(space, reach);
        let Some(there) = there else {
            self.script.equals(&(call + ".all()"), "", None);
            return;
        };
        let promised = self.shown(space, &there);
        self.script.line(format!("let listed = {call}.all().await?;"));
        self.script.line(format!("let mut listed: Vec<_> = listed.iter().map(|listed| {SHOWN}).collect();"));
        self.script.line("listed.sort_unstable();");
        if self.setting.capabilities.listing != Listing::ByteOrder {
            self.script.line("listed.dedup();");
        }
        self.script.line(format!("assert_eq!(listed, {promised});"));
    }

    /// The places that a walk finds; `None` where time leaves one of them open.
    fn there(&self, space: usize, reach: Reach) -> Option<BTreeSet<Place>> {
        let mut there = BTreeSet::new();
        for place in self.covered(space, reach) {
            if self.found(place)?.is_some() {
                there.insert(place);
            }
        }
        Some(there)
    }

    fn covered(&self, space: usize, reach: Reach) -> Vec<Place> {
        let spaces = (0..self.paths.len()).filter(|other| covers(&self.paths, space, reach, *other));
        spaces.flat_map(|other| (0..self.program.keys.len()).map(move |id| (other, id))).collect()
    }

    /// Places as a test shows them, in its order.
    fn shown(&self, space: usize, places: &BTreeSet<Place>) -> String {
        let below = |other: usize| self.paths[other].relative_to(&self.paths[space]).unwrap_or(Namespace::EMPTY);
        let shown = places.iter().map(|&(other, id)| format!("{} {}", below(other), self.program.keys[id]));
        let shown: BTreeSet<String> = shown.collect();
        if shown.is_empty() { "[\"\"; 0]".to_owned() } else { format!("{:?}", shown.into_iter().collect::<Vec<_>>()) }
    }

    pub(super) fn list_while_writing(
        &mut self,
        step: &Step,
        reach: Reach,
        limit: usize,
        writes: &[Meanwhile],
    ) -> Result<(), Failure> {
        let (handle, space) = (self.handle(step.through, step.space), step.space);
        let list = format!("{handle}.{}.limit({limit})", asked(reach));
        if !self.can_list() {
            self.script.refused(&list, ErrorKind::Unsupported);
            return Ok(());
        }
        let before = self.there(space, reach);
        for line in ["let (mut listed, mut cursor, mut is_over) = (Vec::new(), None, false);", "for number in 1.. {"] {
            self.script.line(line);
        }
        self.script.line("    if !is_over {");
        self.script.line(format!("        let page = {list}.after(cursor.take()).await?;"));
        self.script.line(format!("        listed.extend(page.keys.iter().map(|listed| {SHOWN}));"));
        self.script.line("        (is_over, cursor) = (page.next.is_none(), page.next);");
        self.script.line("    }");
        self.script.line("    match number {");
        for (write, number) in writes.iter().zip(1..) {
            let done = self.write_meanwhile(step.through.other(), write)?;
            self.script.line(format!("        {number} => {done}"));
        }
        self.script.line("        _ if is_over => break,");
        self.script.line("        _ => {}");
        self.script.line("    }");
        self.script.line("}");
        self.judge_list(space, reach, before, writes);
        Ok(())
    }

    /// Carries out a write between two pages, and gives what a test does there.
    fn write_meanwhile(&mut self, through: Through, write: &Meanwhile) -> Result<String, Failure> {
        let (handle, place) = (self.handle(through, write.space), (write.space, write.key));
        let Some(value) = &write.value else {
            let call = format!("{handle}.delete({})", self.key(write.key));
            return Ok(match self.remove(place, &Guard::Always) {
                Some(true) => format!("assert!({call}.await?),"),
                Some(false) => format!("assert!(!{call}.await?),"),
                None => format!("{{ {call}.await?; }}"),
            });
        };
        self.overwrite(place, value, When::Never)?;
        Ok(format!("{{ {handle}.set({}).expiry(Expiry::Never).await?; }}", self.written(write.key, value)))
    }

    /// What stays is listed, once in byte order, and nothing that was never there is.
    fn judge_list(&mut self, space: usize, reach: Reach, before: Option<BTreeSet<Place>>, writes: &[Meanwhile]) {
        let Some(before) = before else { return };
        let is_covered = |write: &&Meanwhile| covers(&self.paths, space, reach, write.space);
        let (mut staying, mut possible) = (before.clone(), before);
        for write in writes.iter().filter(is_covered) {
            match write.value {
                Some(_) => drop(possible.insert((write.space, write.key))),
                None => drop(staying.remove(&(write.space, write.key))),
            }
        }
        let (staying, possible) = (self.shown(space, &staying), self.shown(space, &possible));
        self.script.line("listed.sort_unstable();");
        let once = "let once: std::collections::BTreeSet<_> = listed.iter().map(String::as_str).collect();";
        self.script.line(once);
        if self.setting.capabilities.listing == Listing::ByteOrder {
            self.script.line("assert_eq!(listed.len(), once.len(), \"{listed:?}\");");
        }
        self.script.line(format!("assert!(once.is_superset(&{staying}.into()), \"{{once:?}}\");"));
        self.script.line(format!("assert!(once.is_subset(&{possible}.into()), \"{{once:?}}\");"));
    }

    pub(super) fn clear(&mut self, handle: &str, space: usize) -> Result<(), Failure> {
        let call = format!("{handle}.clear()");
        if !self.can_list() {
            self.script.refused(&call, ErrorKind::Unsupported);
            return Ok(());
        }
        let there = self.there(space, Reach::Subtree);
        self.script.equals(&call, "", there.map(|there| there.len().to_string()));
        for place in self.covered(space, Reach::Subtree) {
            self.model.forget(place);
            self.settle(place);
        }
        Ok(())
    }
}

fn asked(reach: Reach) -> &'static str {
    match reach {
        Reach::Namespace => "list()",
        Reach::Subtree => "list().subtree()",
    }
}
