//! What has to be alone in its process: this program starts itself, and reads what that says.

use std::process::Command;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

/// The figures that this program writes to its standard output when it is started with these arguments.
pub(crate) fn figures<T: FromStr, const N: usize>(arguments: &[&str]) -> Result<[T; N]> {
    let program = std::env::current_exe().context("cannot tell where this program is")?;
    let output = Command::new(program).args(arguments).output().context("cannot start a process")?;
    let shown = arguments.join(" ");
    if !output.status.success() {
        bail!("{shown} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    let said = String::from_utf8_lossy(&output.stdout);
    read(&said).with_context(|| format!("{shown} said {:?}, which is not {N} figures", said.trim()))
}

/// A choice as it is written on the command line.
pub(crate) fn word(choice: impl ValueEnum) -> String {
    choice.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

fn read<T: FromStr, const N: usize>(text: &str) -> Option<[T; N]> {
    let figures: Vec<T> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
    figures.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_as_many_as_are_asked_for_and_numbers() {
        assert_eq!(read("1.5 20\n"), Some([1.5, 20.0]));
        assert_eq!(read::<f64, 2>("1.5\n"), None);
        assert_eq!(read::<u64, 2>("1.5 20\n"), None);
    }
}
