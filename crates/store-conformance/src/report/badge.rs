//! The report as a badge for a README: a picture of two fields, made here and not by a service.

use super::{Report, Status};

const HEIGHT: usize = 20;
const GREEN: &str = "#2c7a3f";
const RED: &str = "#b3261e";
const GREY: &str = "#6b6b6b";

impl Report {
    /// The badge as SVG: the level, and how many checks passed. What failed, what is a deviation and what is unsupported is
    /// counted too, and a run of a part says that it was one. It is red where anything failed, and grey where nothing passed
    /// or not all was run.
    #[must_use]
    pub fn badge(&self) -> String {
        let (result, colour) = self.verdict();
        let title = format!("conformance {}", self.level);
        let (left, right) = (width(&title), width(&result));
        let (all, title_middle, result_middle) = (left + right, left / 2, left + right / 2);
        let (title_length, result_length) = (left - 2 * MARGIN, right - 2 * MARGIN);
        format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" width="{all}" height="{HEIGHT}" role="img" aria-label="{title}: {result}">
  <title>{title}: {result}</title>
  <rect width="{left}" height="{HEIGHT}" fill="#444"/>
  <rect x="{left}" width="{right}" height="{HEIGHT}" fill="{colour}"/>
  <g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
    <text x="{title_middle}" y="14" textLength="{title_length}">{title}</text>
    <text x="{result_middle}" y="14" textLength="{result_length}">{result}</text>
  </g>
</svg>
"##
        )
    }

    /// What the badge says, and in which colour.
    fn verdict(&self) -> (String, &'static str) {
        let (failures, run, passed) = (self.failures(), self.all().count(), self.count(Status::Pass));
        if failures > 0 {
            return (format!("{failures} failed"), RED);
        }
        let mut text = format!("{passed} passed");
        for (status, name) in [(Status::Deviation, "deviate"), (Status::Unsupported, "unsupported")] {
            match self.count(status) {
                0 => {}
                count => text.push_str(&format!(", {count} {name}")),
            }
        }
        if run < self.of {
            text.push_str(&format!(", {run} of {} run", self.of));
        }
        (text, if run < self.of || passed == 0 { GREY } else { GREEN })
    }
}

/// Beside a text, in pixels.
const MARGIN: usize = 6;

/// Of a field with this text. The text is stretched to what is reckoned here, so that no font spills out of it.
fn width(text: &str) -> usize {
    const PER_CHARACTER: usize = 7;
    text.chars().count() * PER_CHARACTER + 2 * MARGIN
}

#[cfg(test)]
mod tests {
    use super::super::{Standing, sample};
    use super::*;

    #[test]
    fn a_badge_counts_what_passed_at_its_level() {
        let badge = sample(&[(Standing::Counts, Status::Pass), (Standing::Counts, Status::Unsupported)]).badge();
        assert!(badge.starts_with("<svg ") && badge.ends_with("</svg>\n"), "{badge}");
        assert!(badge.contains("<title>conformance 2026.1: 1 passed, 1 unsupported</title>"), "{badge}");
        assert!(badge.contains(GREEN), "{badge}");
    }

    #[test]
    fn a_badge_hides_no_failure_no_deviation_and_no_part_that_was_left_out() {
        let deviating = sample(&[(Standing::Counts, Status::Pass), (Standing::Counts, Status::Deviation)]);
        assert_eq!(deviating.verdict(), ("1 passed, 1 deviate".to_owned(), GREEN));
        let failed = sample(&[(Standing::Required, Status::Unsupported), (Standing::Counts, Status::Fail)]);
        assert_eq!(failed.verdict(), ("2 failed".to_owned(), RED));
        let part = Report { of: 9, ..sample(&[(Standing::Counts, Status::Pass)]) };
        assert_eq!(part.verdict(), ("1 passed, 1 of 9 run".to_owned(), GREY));
    }

    #[test]
    fn a_badge_is_green_only_where_something_passed() {
        let nothing = sample(&[(Standing::Counts, Status::Unsupported), (Standing::Counts, Status::Unsupported)]);
        assert_eq!(nothing.verdict(), ("0 passed, 2 unsupported".to_owned(), GREY));
        assert_eq!(sample(&[]).verdict(), ("0 passed".to_owned(), GREY));
        let missing = sample(&[(Standing::Counts, Status::Pass), (Standing::Counts, Status::NotRun)]);
        assert_eq!(missing.verdict(), ("1 failed".to_owned(), RED));
    }

    #[test]
    fn a_preview_is_not_counted() {
        let report = sample(&[(Standing::Preview, Status::Pass), (Standing::Preview, Status::Fail)]);
        assert_eq!(report.verdict(), ("0 passed".to_owned(), GREY));
    }
}
