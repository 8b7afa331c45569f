//! Parts of the README that commands write, each between two marks.

use std::fs;
use std::ops::Range;

use anyhow::{Context, Result};

use crate::workspace::Workspace;

pub(crate) const FILE: &str = "README.md";

/// What lies between `<!-- NAME: begin -->` and `<!-- NAME: end -->`.
pub(crate) struct Section {
    name: &'static str,
}

impl Section {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self { name }
    }

    pub(crate) fn read(&self, workspace: &Workspace) -> Result<String> {
        let text = fs::read_to_string(workspace.root().join(FILE)).context(FILE)?;
        Ok(text[self.place(&text)?].to_owned())
    }

    pub(crate) fn write(&self, workspace: &Workspace, content: &str) -> Result<()> {
        let path = workspace.root().join(FILE);
        let mut text = fs::read_to_string(&path).context(FILE)?;
        text.replace_range(self.place(&text)?, content);
        fs::write(&path, text).context(FILE)
    }

    fn place(&self, text: &str) -> Result<Range<usize>> {
        let [begin, end] = ["begin", "end"].map(|mark| format!("<!-- {}: {mark} -->\n", self.name));
        let from = text.find(&begin).with_context(|| format!("no {begin:?} in {FILE}"))? + begin.len();
        let length = text[from..].find(&end).with_context(|| format!("no {end:?} behind it in {FILE}"))?;
        Ok(from..from + length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_lies_between_its_own_marks() {
        let text = "<!-- a: begin -->\nold\n<!-- a: end -->\n<!-- b: begin -->\n<!-- b: end -->\n";
        let read = |name| Section::new(name).place(text).map(|place| &text[place]);
        assert_eq!(read("a").unwrap(), "old\n");
        assert_eq!(read("b").unwrap(), "");
        assert!(read("c").is_err());
        assert!(Section::new("a").place("<!-- a: end -->\n<!-- a: begin -->\n").is_err());
    }
}
