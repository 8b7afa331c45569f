//! Numbers as people read them.

use std::fmt::{self, Display, Formatter};

/// With three digits or more, thousands apart, as in `1.40`, `40.0` and `266,000`.
pub(crate) struct Number(pub(crate) f64);

impl Display for Number {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        let decimals = match self.0.abs() {
            size if size < 9.995 => 2,
            size if size < 99.95 => 1,
            _ => 0,
        };
        let text = format!("{:.decimals$}", self.0);
        to.pad(&apart(&text))
    }
}

/// A comma before every three digits in front of the point.
fn apart(text: &str) -> String {
    let whole = text.find('.').unwrap_or(text.len());
    let mut apart = String::with_capacity(text.len() + whole / 3);
    for (place, character) in text.char_indices() {
        let before = text[..place].ends_with(|character: char| character.is_ascii_digit());
        if place < whole && before && (whole - place).is_multiple_of(3) {
            apart.push(',');
        }
        apart.push(character);
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_and_their_thousands_apart() {
        let shown = [0.0, 1.4, -0.27, 9.999, 40.0, 99.96, 437.6, -6500.0, 266_000.4, 1_234_567.0]
            .map(|n| Number(n).to_string());
        assert_eq!(shown, ["0.00", "1.40", "-0.27", "10.0", "40.0", "100", "438", "-6,500", "266,000", "1,234,567"]);
        assert_eq!(Number(f64::NAN).to_string(), "NaN");
        assert_eq!(format!("{:>6}|", Number(1.5)), "  1.50|");
    }
}
