//! The report as Markdown, for people: who was tried, how each family did, and whatever did not simply pass.

use std::fmt::{Display, Write};

use super::{CheckReport, Report, Status};

impl Report {
    /// A table of facts, a table of families with their counts, and a list of all that is no plain pass, with its reason.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut text = format!("# Conformance {} of {}\n\n| | |\n| --- | --- |\n", self.level, self.driver);
        for (name, fact) in self.facts() {
            let _ = writeln!(text, "| {name} | {} |", cell(&fact));
        }
        let _ = write!(text, "\n| family |");
        Status::ALL.iter().for_each(|status| text.push_str(&format!(" {} |", status.as_str())));
        let _ = writeln!(text, "\n| --- |{}", " --- |".repeat(Status::ALL.len()));
        for family in self.families() {
            self.write_row(&mut text, family, |check| check.family == family);
        }
        self.write_row(&mut text, "all", |_| true);
        self.write_exceptions(&mut text);
        text
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let subject = &self.subject;
        let told = |fact: &Option<String>| fact.clone().unwrap_or_default();
        let mut facts = vec![
            ("server", told(&subject.server)),
            ("protocol", told(&subject.protocol)),
            ("slot policy", told(&subject.slot_policy)),
        ];
        if let Some(declared) = &subject.capabilities {
            facts.extend([
                ("declares", declared_by(declared)),
                ("longest key", format!("{} bytes", declared.max_key_bytes)),
                ("longest value", format!("{} bytes", declared.max_value_bytes)),
                ("largest batch", format!("{} items", declared.max_batch_items)),
                ("expiry, declared", format!("to {:?}", declared.expiry_granularity)),
            ]);
        }
        facts.extend(subject.granularity.map(|step| ("expiry, seen", format!("to {step:?}"))));
        facts.extend(subject.unobserved.clone().map(|panic| ("expiry, seen", panic)));
        facts.extend([("seed", self.seed.to_string()), ("time", format!("{:.1} s", self.seconds))]);
        facts.retain(|(_, fact)| !fact.is_empty());
        facts
    }

    /// In the order of reports.
    fn families(&self) -> Vec<&'static str> {
        let mut families: Vec<_> = self.all().map(|check| check.family).collect();
        families.dedup();
        families
    }

    fn write_row(&self, text: &mut String, name: &str, of: impl Fn(&CheckReport) -> bool) {
        let _ = write!(text, "| {name} |");
        for status in Status::ALL {
            let counted = self.all().filter(|check| of(check) && !check.is_preview() && check.status == status);
            let _ = write!(text, " {} |", counted.count());
        }
        text.push('\n');
    }

    fn write_exceptions(&self, text: &mut String) {
        let mut exceptions = Vec::new();
        for check in self.all() {
            let standing = if check.is_preview() { "preview, " } else { "" };
            let note = check.note.as_deref().unwrap_or_default();
            if check.status != Status::Pass || check.is_preview() {
                exceptions.push(format!("- `{}`: {standing}{}. {}", check.name(), check.status.as_str(), line(note)));
            }
            exceptions.extend(check.leaks.iter().map(|leak| format!("- `{}`: leak. {}", check.name(), line(leak))));
        }
        exceptions.extend(self.leaks.iter().map(|leak| format!("- leak. {}", line(leak))));
        if !exceptions.is_empty() {
            let _ = writeln!(text, "\n{}", exceptions.join("\n"));
        }
    }
}

/// What a driver need not have and has.
fn declared_by(declared: &store_core::Capabilities) -> String {
    let optional = [
        ("value conditions", declared.value_conditions),
        ("renewal", declared.renewal),
        ("take", declared.take),
        ("counters", declared.counters),
        ("snapshots", declared.snapshot_reads),
        ("locks", declared.locks),
        ("replication", declared.replication),
    ];
    let has = optional.into_iter().filter(|(_, support)| support.is_supported()).map(|(name, _)| name.to_owned());
    let listing = format!("listing: {:?}", declared.listing);
    has.chain([format!("batches: {:?}", declared.batch_atomicity), listing]).collect::<Vec<_>>().join(", ")
}

/// Text that ends no cell of a table.
fn cell(text: &impl Display) -> String {
    line(text).replace('|', "\\|")
}

/// Text in one line: the notes of failures have many.
fn line(text: &(impl Display + ?Sized)) -> String {
    text.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::{Standing, sample};
    use super::*;

    #[test]
    fn counts_stand_in_a_table_and_exceptions_below_it() {
        let mut report = sample(&[(Standing::Counts, Status::Pass), (Standing::Counts, Status::Unsupported)]);
        report.subject.server = Some("a|b".to_owned());
        report.checks[0].leaks.push("2 entries".to_owned());
        let markdown = report.to_markdown();
        assert!(markdown.starts_with("# Conformance 2026.1 of sample\n\n| | |\n"), "{markdown}");
        assert!(markdown.contains("| server | a\\|b |\n| seed | 3 |\n| time | 1.5 s |\n"), "{markdown}");
        assert!(markdown.contains("| keys | 1 | 0 | 1 | 0 | 0 |\n| all | 1 | 0 | 1 | 0 | 0 |\n"), "{markdown}");
        let exceptions = "\n- `keys::key_limits`: leak. 2 entries\n- `keys::key_limits`: unsupported. why\n";
        assert!(markdown.ends_with(exceptions), "{markdown}");
    }

    #[test]
    fn a_preview_is_listed_and_not_counted() {
        let markdown = sample(&[(Standing::Preview, Status::Pass)]).to_markdown();
        assert!(markdown.contains("| keys | 0 | 0 | 0 | 0 | 0 |\n"), "{markdown}");
        assert!(markdown.contains("- `keys::key_limits`: preview, pass. \n"), "{markdown}");
    }
}
