//! Telling the parts of a Rust source apart: code from comments, production from tests.

/// The numbered lines of code: no comment lines, and none of the tests at the end of a source.
pub(crate) fn production(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = tests_begin(text).unwrap_or(usize::MAX);
    code(text).take_while(move |(number, _)| *number < end)
}

/// The numbered lines of code in the tests at the end of a source.
pub(crate) fn unit_tests(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let begin = tests_begin(text).unwrap_or(usize::MAX);
    code(text).skip_while(move |(number, _)| *number < begin)
}

/// Whether a whole file is test code.
pub(crate) fn is_test_file(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "tests" | "benches" | "tests.rs"))
}

/// The numbered lines that are not comments as a whole.
pub(crate) fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().zip(1..).map(|(line, number)| (number, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Whether the line has `word` where it is not the end of a longer name.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    let in_name = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(word).any(|(begin, _)| !line[..begin].ends_with(in_name))
}

/// The number of the line `#[cfg(test)]` above the module of unit tests, which by convention is the last of its file.
fn tests_begin(text: &str) -> Option<usize> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let module = |pair: &[&str]| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{');
    lines.windows(2).position(module).map(|index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "//! Doc.\nfn a() {}\n    // Why.\nfn b() {}\n#[cfg(test)]\nmod tests {\n    fn c() {}\n}\n";

    #[test]
    fn production_is_code_before_the_tests() {
        assert_eq!(production(SOURCE).collect::<Vec<_>>(), [(2, "fn a() {}"), (4, "fn b() {}")]);
    }

    #[test]
    fn unit_tests_are_the_rest() {
        assert_eq!(unit_tests(SOURCE).map(|(number, _)| number).collect::<Vec<_>>(), [5, 6, 7, 8]);
        assert_eq!(unit_tests("fn a() {}\n").count(), 0);
    }

    #[test]
    fn a_word_is_not_the_end_of_a_longer_one() {
        assert!(has_word("thread::park(x)", "park("));
        assert!(!has_word("unpark(x)", "park("));
    }
}
