//! A chart as SVG: lines over two logarithmic axes, with their names beside them.

use super::axis::Axis;
use super::{Chart, Line, Whose};
use crate::report::Number;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 460.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 560.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 400.0;

/// Told apart by those who see fewer colours too (Okabe and Ito).
const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];

pub(super) fn of(chart: &Chart) -> String {
    let points = || chart.lines.iter().flat_map(|line| &line.points);
    let across = Axis::between(points().map(|point| point.0), LEFT, RIGHT);
    let up = Axis::around(points().map(|point| point.1), BOTTOM, TOP);
    let mut picture = Picture(String::new());
    picture.text(LEFT, 28.0, Anchor::Start, &chart.title);
    for mark in up.marks() {
        picture.rule((LEFT, up.place(mark)), (RIGHT, up.place(mark)));
        picture.text(LEFT - 8.0, up.place(mark) + 4.0, Anchor::End, &Number(mark).to_string());
    }
    // Across there are few figures, and those that were measured say more than round ones.
    for mark in places(chart) {
        picture.rule((across.place(mark), TOP), (across.place(mark), BOTTOM));
        picture.text(across.place(mark), BOTTOM + 20.0, Anchor::Middle, &whole(mark));
    }
    picture.text((LEFT + RIGHT) / 2.0, BOTTOM + 44.0, Anchor::Middle, &format!("{}; up: {}", chart.across, chart.up));
    for (number, line) in chart.lines.iter().enumerate() {
        let style = Style::of(line, number);
        let points: Vec<_> = line.points.iter().map(|point| (across.place(point.0), up.place(point.1))).collect();
        picture.line(&points, &style);
        let height = TOP + 12.0 + 22.0 * number as f64;
        picture.line(&[(RIGHT + 20.0, height - 4.0), (RIGHT + 44.0, height - 4.0)], &style);
        picture.text(RIGHT + 52.0, height, Anchor::Start, &line.name);
    }
    picture.finished()
}

/// Where there are points, from left to right.
fn places(chart: &Chart) -> Vec<f64> {
    let mut places: Vec<_> = chart.lines.iter().flat_map(|line| &line.points).map(|point| point.0).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    places
}

/// Tasks and entries are whole.
fn whole(mark: f64) -> String {
    if mark < 100.0 { format!("{mark:.0}") } else { Number(mark).to_string() }
}

struct Style {
    colour: &'static str,
    width: f64,
    dashes: &'static str,
}

impl Style {
    /// Ours are solid and peers are dashed, so that they can be told apart in print.
    fn of(line: &Line, number: usize) -> Self {
        let (width, dashes) = match line.whose {
            Whose::Ours => (2.5, "none"),
            Whose::Peers => (1.5, "6 3"),
        };
        Self { colour: COLOURS[number % COLOURS.len()], width, dashes }
    }
}

enum Anchor {
    Start,
    Middle,
    End,
}

/// The elements so far.
struct Picture(String);

impl Picture {
    fn text(&mut self, x: f64, y: f64, anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.element(&format!(r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{}</text>"#, escaped(text)));
    }

    fn rule(&mut self, from: (f64, f64), to: (f64, f64)) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.element(&format!(r##"<path d="M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}" stroke="#dddddd"/>"##));
    }

    /// Through all points, with a dot on each.
    fn line(&mut self, points: &[(f64, f64)], style: &Style) {
        let Style { colour, width, dashes } = style;
        let path: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let path = path.join(" ");
        let stroke = format!(r#"stroke="{colour}" stroke-width="{width}" stroke-dasharray="{dashes}""#);
        self.element(&format!(r#"<polyline points="{path}" fill="none" {stroke}/>"#));
        for (x, y) in points {
            self.element(&format!(r#"<circle cx="{x:.1}" cy="{y:.1}" r="3" fill="{colour}"/>"#));
        }
    }

    fn element(&mut self, element: &str) {
        self.0.push_str(element);
        self.0.push('\n');
    }

    /// On white, for readers whose page is dark.
    fn finished(self) -> String {
        let frame = format!(r#"xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}""#);
        let paper = r##"<rect width="100%" height="100%" fill="#ffffff"/>"##;
        format!("<svg {frame} font-family=\"sans-serif\" font-size=\"13\">\n{paper}\n{}</svg>\n", self.0)
    }
}

/// Names such as `Arc<dyn Store>` are no elements.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_has_every_line_with_its_name_and_points() {
        let line =
            |name: &str, whose, points: &[(f64, f64)]| Line { name: name.to_owned(), whose, points: points.to_vec() };
        let lines = vec![
            line("Arc<dyn Store> & co", Whose::Ours, &[(1.0, 1_000.0), (512.0, 100_000.0)]),
            line("fred", Whose::Peers, &[(1.0, 1_000.0), (16.0, 20_000.0), (512.0, 50_000.0)]),
        ];
        let picture = of(&Chart { title: "single".to_owned(), across: "tasks", up: "operations/s", lines });
        assert!(
            picture.contains(">Arc&lt;dyn Store&gt; &amp; co</text>") && picture.contains(">fred</text>"),
            "{picture}"
        );
        assert_eq!(
            picture.matches("<circle").count(),
            2 + 3 + 2 * 2,
            "points, and two dots in the legend of each line"
        );
        assert!(picture.contains("points=\"80.0,400.0 560.0,50.0\""), "from corner to corner: {picture}");
        assert!(picture.contains(">512</text>") && picture.contains(">100,000</text>"), "{picture}");
        for tag in ["<text", "<svg"] {
            assert_eq!(picture.matches(tag).count(), picture.matches(&tag.replace('<', "</")).count(), "{picture}");
        }
    }
}
