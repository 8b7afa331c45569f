//! JSON in the spelling of Python's `json.dumps`.

use std::io::{self, Write};

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::ser::{Formatter, Serializer};

use super::json::{Json, without_value};
use super::{CodecError, Decode, Encode};

/// JSON as Python's `json.dumps` spells it by default, which is what cachelib's `JSONSerializer` and cachetory's
/// `json://` store.
///
/// For those who compare the bytes with Python's; who only shares the values needs no more than [`Json`], which both
/// sides read as well. It reads any JSON.
///
/// The same as in Python, byte for byte: `", "` and `": "`; every character outside printable ASCII escaped, those beyond
/// U+FFFF as two surrogates; the digits and exponents of `f64`; integers of any size; the order of fields, and of the keys
/// of maps as they come. Only equal, or neither: an `f32` has the digits of its own precision, and a float that is not
/// finite is `null`, where Python writes `NaN`, which is no JSON and is not read.
///
/// ```
/// use store_core::codec::{Encode, PythonJson};
///
/// let value = (1, None::<u8>, "é", 1e16);
/// assert_eq!(PythonJson.encode(&value)?, r#"[1, null, "\u00e9", 1e+16]"#);
/// # Ok::<(), store_core::CodecError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct PythonJson;

impl<T: Serialize + ?Sized> Encode<T> for PythonJson {
    fn encode(&self, value: &T) -> Result<Bytes, CodecError> {
        let mut bytes = Vec::new();
        value.serialize(&mut Serializer::with_formatter(&mut bytes, Spelling)).map_err(without_value)?;
        Ok(bytes.into())
    }
}

impl<T: DeserializeOwned> Decode<T> for PythonJson {
    fn decode(&self, bytes: &Bytes) -> Result<T, CodecError> {
        Json.decode(bytes)
    }
}

struct Spelling;

impl Formatter for Spelling {
    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        separate(out, first)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        separate(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    /// Gets what needs no escape by the rules of JSON; Python escapes more.
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(|char: char| !matches!(char, ' '..='~')) {
            let (plain, behind) = rest.split_at(at);
            out.write_all(plain.as_bytes())?;
            let mut chars = behind.chars();
            for unit in chars.next().iter().flat_map(|char| char.encode_utf16(&mut [0; 2]).to_vec()) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = chars.as_str();
        }
        out.write_all(rest.as_bytes())
    }

    fn write_f32<W: ?Sized + Write>(&mut self, out: &mut W, value: f32) -> io::Result<()> {
        write_float(out, &format!("{value:e}"))
    }

    fn write_f64<W: ?Sized + Write>(&mut self, out: &mut W, value: f64) -> io::Result<()> {
        write_float(out, &format!("{value:e}"))
    }
}

fn separate<W: ?Sized + Write>(out: &mut W, first: bool) -> io::Result<()> {
    if first { Ok(()) } else { out.write_all(b", ") }
}

/// From this decimal exponent on Python writes it; and below [`FIRST_PLAIN_EXPONENT`].
const FIRST_LARGE_EXPONENT: i32 = 16;
const FIRST_PLAIN_EXPONENT: i32 = -4;

/// Writes a number as Python's `repr` does. `scientific` has the fewest digits that read back as the number, as Python
/// has, in the form `-1.5e-7`.
fn write_float<W: ?Sized + Write>(out: &mut W, scientific: &str) -> io::Result<()> {
    let number = scientific.split_once('e').and_then(|(number, exponent)| Some((number, exponent.parse().ok()?)));
    let Some((number, exponent)) = number else { return out.write_all(scientific.as_bytes()) };
    if !(FIRST_PLAIN_EXPONENT..FIRST_LARGE_EXPONENT).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return write!(out, "{number}e{sign}{:02}", exponent.unsigned_abs());
    }
    let (sign, number) = number.strip_prefix('-').map_or(("", number), |positive| ("-", positive));
    let digits = number.replace('.', "");
    let Ok(whole) = usize::try_from(exponent) else {
        let zeros = exponent.unsigned_abs() as usize - 1;
        return write!(out, "{sign}0.{}{digits}", "0".repeat(zeros));
    };
    match digits.split_at_checked(whole + 1) {
        Some((whole, fraction)) if !fraction.is_empty() => write!(out, "{sign}{whole}.{fraction}"),
        _ => write!(out, "{sign}{digits:0<width$}.0", width = whole + 1),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn spelled<T: Serialize + ?Sized>(value: &T) -> String {
        String::from_utf8(PythonJson.encode(value).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn values_are_spelled_as_python_spells_them() {
        // What cachelib's JSONSerializer and cachetory's json:// wrote.
        let cached = BTreeMap::from([("a", (1, None::<u8>, "é"))]);
        assert_eq!(spelled(&cached), r#"{"a": [1, null, "\u00e9"]}"#);
        assert_eq!((spelled(&42), spelled("s")), ("42".to_owned(), r#""s""#.to_owned()));
        let empty: ([u8; 0], BTreeMap<u8, u8>) = ([], BTreeMap::new());
        assert_eq!(spelled(&empty), "[[], {}]");
        assert_eq!(spelled(&BTreeMap::from([(1, true), (2, false)])), r#"{"1": true, "2": false}"#);
        assert_eq!(spelled(&[i128::MIN, i128::from(u64::MAX)]), format!("[{}, {}]", i128::MIN, u64::MAX));
    }

    #[test]
    fn all_but_printable_ascii_is_escaped() {
        for (text, expected) in [
            ("\0\u{1f}\u{7f}", r#""\u0000\u001f\u007f""#),
            ("\u{8}\u{c}\n\r\t", r#""\b\f\n\r\t""#),
            ("\"\\/ ~", r#""\"\\/ ~""#),
            ("é\u{2028}日", r#""\u00e9\u2028\u65e5""#),
            ("a🦀b\u{10ffff}", r#""a\ud83e\udd80b\udbff\udfff""#),
        ] {
            assert_eq!(spelled(text), expected);
        }
    }

    #[test]
    fn floats_have_the_digits_and_exponents_of_python() {
        for (float, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-1.5, "-1.5"),
            (0.1 + 0.2, "0.30000000000000004"),
            (100.0, "100.0"),
            (123_456.75, "123456.75"),
            (0.0001, "0.0001"),
            (0.000_123, "0.000123"),
            (0.000_01, "1e-05"),
            (-1.5e-7, "-1.5e-07"),
            (1e15, "1000000000000000.0"),
            (9_007_199_254_740_993.0, "9007199254740992.0"),
            (1e16, "1e+16"),
            (1.234e22, "1.234e+22"),
            (1e100, "1e+100"),
            (f64::MAX, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
        ] {
            assert_eq!(spelled(&float), expected);
        }
        assert_eq!((spelled(&f64::NAN), spelled(&0.1f32)), ("null".to_owned(), "0.1".to_owned()));
    }

    proptest! {
        #[test]
        fn what_is_written_is_ascii_and_reads_back(text in any::<String>(), float in prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL) {
            let bytes = PythonJson.encode(&(&text, float)).unwrap();
            prop_assert!(bytes.iter().all(|byte| matches!(byte, b' '..=b'~')));
            let (read, number): (String, f64) = PythonJson.decode(&bytes).unwrap();
            prop_assert_eq!(read, text);
            prop_assert_eq!(number.to_bits(), float.to_bits());
        }
    }
}
