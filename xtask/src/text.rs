//! A text of any length to count words in: always the same, with frequent and rare words as in a book.

use std::collections::HashMap;

const VOCABULARY: u64 = 5_000;
const WORDS_PER_LINE: usize = 12;

/// At least `bytes` bytes of text.
pub(crate) fn text(bytes: usize) -> String {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut text = String::with_capacity(bytes + 32);
    for count in 1.. {
        text.push_str(&word(random.skewed()));
        text.push(if count % WORDS_PER_LINE == 0 { '\n' } else { ' ' });
        if text.len() >= bytes {
            break;
        }
    }
    text
}

/// The word that the text has most of.
pub(crate) fn most_frequent(text: &str) -> Option<&str> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    text.split_whitespace().for_each(|word| *counts.entry(word).or_default() += 1);
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(word, _)| word)
}

/// Different numbers give different words.
fn word(number: u64) -> String {
    const CONSONANTS: &[u8] = b"bdfgklmnprstvz";
    const VOWELS: &[u8] = b"aeiou";
    let syllables = (CONSONANTS.len() * VOWELS.len()) as u64;
    let mut rest = number;
    let mut word = String::new();
    loop {
        let syllable = (rest % syllables) as usize;
        word.push(char::from(CONSONANTS[syllable / VOWELS.len()]));
        word.push(char::from(VOWELS[syllable % VOWELS.len()]));
        rest /= syllables;
        if rest == 0 {
            return word;
        }
    }
}

/// Marsaglia's xorshift: the same sequence on every machine, which is all that is asked of it.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Small numbers much more often than large ones: the product of three fractions.
    fn skewed(&mut self) -> u64 {
        let mut fraction = || self.next() % VOCABULARY;
        fraction() * fraction() / VOCABULARY * fraction() / VOCABULARY
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_text_is_the_same_each_time_and_as_long_as_asked() {
        assert_eq!(text(10_000), text(10_000));
        assert!(text(10_000).len() >= 10_000);
    }

    #[test]
    fn words_are_many_and_some_are_frequent() {
        let text = text(100_000);
        assert!(text.split_whitespace().collect::<HashSet<_>>().len() > 1_000);
        let frequent = most_frequent(&text).unwrap();
        assert!(text.split_whitespace().filter(|word| *word == frequent).count() > 200);
    }
}
