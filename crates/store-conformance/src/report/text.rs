//! The report as text, for the terminal: what failed, with what was seen, and the sum of it all.

use std::fmt;

use super::{CheckReport, ModelReport, Report, Standing, Status};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in self.all() {
            check.fmt_failure(f)?;
        }
        for check in self.all() {
            check.leaks.iter().try_for_each(|leak| writeln!(f, "leak: {}: {leak}", check.name()))?;
        }
        self.leaks.iter().try_for_each(|leak| writeln!(f, "leak: {leak}"))?;
        self.subject.unobserved.iter().try_for_each(|panic| writeln!(f, "{panic}"))?;
        self.fmt_sum(f)?;
        for (name, model) in [("model", &self.model), ("model of records", &self.record_model)] {
            if let Some(model) = model.as_ref().filter(|model| model.coverage.operations > 0) {
                writeln!(f, "{name}: {model}")?;
            }
        }
        Ok(())
    }
}

impl Report {
    fn fmt_sum(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "conformance {} of {}", self.level, self.driver)?;
        if let Some(server) = &self.subject.server {
            write!(f, " on {server}")?;
        }
        write!(f, ":")?;
        for status in Status::ALL {
            write!(f, " {} {};", self.count(status), status.as_str())?;
        }
        let previews = || self.all().filter(|check| check.is_preview());
        if previews().next().is_some() {
            let passing = previews().filter(|check| check.status == Status::Pass).count();
            write!(f, " {passing} of {} previews pass;", previews().count())?;
        }
        writeln!(f, " seed {}; {:.1} s", self.seed, self.seconds)
    }
}

impl CheckReport {
    fn fmt_failure(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = match self.standing {
            Standing::Preview if self.status != Status::Pass => " (preview, fails no run)",
            _ if self.is_success() => return Ok(()),
            Standing::Required if self.status == Status::Unsupported => " (unsupported, and required)",
            _ => "",
        };
        writeln!(f, "---- {}{heading} ----\n{}\n", self.name(), self.note.as_deref().unwrap_or_default())
    }
}

impl fmt::Display for ModelReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} programs, {} operations, of which in %:", self.coverage.cases, self.coverage.operations)?;
        self.coverage.shares().try_for_each(|(what, _, percent)| write!(f, " {what} {percent}"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_sum_tells_previews_apart() {
        let plain = sample(&[(Standing::Counts, Status::Pass)]).to_string();
        let sum =
            "conformance 2026.1 of sample: 1 pass; 0 fail; 0 unsupported; 0 deviation; 0 not_run; seed 3; 1.5 s\n";
        assert_eq!(plain, sum);
        let text = sample(&[(Standing::Counts, Status::Pass), (Standing::Preview, Status::Fail)]).to_string();
        assert!(text.contains("keys::key_limits (preview, fails no run) ----\nwhy\n"), "{text}");
        assert!(text.contains(": 1 pass; 0 fail;") && text.contains("0 of 1 previews pass;"), "{text}");
    }

    #[test]
    fn what_a_driver_leaked_is_told_with_the_check_that_saw_it() {
        let mut report = sample(&[(Standing::Counts, Status::Pass)]);
        report.checks[0].leaks.push("2 entries".to_owned());
        report.leaks.push("1 task".to_owned());
        let text = report.to_string();
        assert!(text.starts_with("leak: keys::key_limits: 2 entries\nleak: 1 task\nconformance"), "{text}");
    }
}
