//! The files that a run leaves, besides what it prints.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::report::{CheckReport, Report};

/// Where to write what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outputs {
    /// A directory that other drivers write to as well.
    pub(crate) reports: Option<PathBuf>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) markdown: Option<PathBuf>,
    pub(crate) badge: Option<PathBuf>,
}

impl Outputs {
    /// Writes them all; the error names the file.
    pub(crate) fn write(&self, report: &Report) -> Result<(), String> {
        let json = || format!("{:#}\n", report.to_json());
        write(self.json.as_deref(), json)?;
        write(self.markdown.as_deref(), || report.to_markdown())?;
        write(self.badge.as_deref(), || report.badge())?;
        let Some(directory) = &self.reports else { return Ok(()) };
        let file = collect(directory, report).map_err(|error| cannot_write(directory, &error))?;
        replace(&file, &json()).map_err(|error| cannot_write(&file, &error))
    }
}

fn write(file: Option<&Path>, content: impl FnOnce() -> String) -> Result<(), String> {
    let Some(file) = file else { return Ok(()) };
    fs::write(file, content()).map_err(|error| cannot_write(file, &error))
}

fn cannot_write(file: &Path, error: &io::Error) -> String {
    format!("cannot write the report to {}: {error}", file.display())
}

/// The file for this report in a directory of reports.
///
/// A run of one check is a part of a run whose checks are processes or threads of their own, and there each has a file of
/// its own, so that none has to wait for another. Any other run takes the place of all parts.
fn collect(directory: &Path, report: &Report) -> io::Result<PathBuf> {
    let parts = directory.join(format!("{}.parts", report.driver));
    let mut checks = report.all().map(CheckReport::name);
    if let (Some(only), None) = (checks.next(), checks.next()) {
        match fs::create_dir(&parts) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => return Ok(parts.join(format!("{}.json", only.replace("::", ".")))),
        }
    }
    match fs::read_dir(&parts) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
        Ok(mut files) => {
            files.try_for_each(|file| fs::remove_file(file?.path()))?;
            fs::remove_dir(&parts)?;
        }
    }
    Ok(directory.join(format!("{}.json", report.driver)))
}

/// Whoever reads the file meanwhile finds the old one or the new one.
fn replace(file: &Path, content: &str) -> io::Result<()> {
    let new = file.with_extension(format!("{}.new", std::process::id()));
    fs::write(&new, content)?;
    fs::rename(&new, file)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::report::{Standing, Status, sample};

    const PASSED: (Standing, Status) = (Standing::Counts, Status::Pass);

    fn written(directory: &Path) -> BTreeSet<String> {
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        fs::read_dir(directory).unwrap().map(name).collect()
    }

    #[test]
    fn a_run_of_one_check_leaves_a_part_and_a_longer_one_takes_the_place_of_all_parts() {
        let directory = std::env::temp_dir().join(format!("store-conformance-outputs-{}", std::process::id()));
        fs::create_dir(&directory).unwrap();
        let outputs = Outputs { reports: Some(directory.clone()), ..Outputs::default() };
        let parts = directory.join("sample.parts");

        for _ in 0..2 {
            outputs.write(&sample(&[PASSED])).unwrap();
            assert_eq!(written(&parts), BTreeSet::from(["keys.key_limits.json".to_owned()]));
            assert_eq!(written(&directory), BTreeSet::from(["sample.parts".to_owned()]));
        }
        outputs.write(&sample(&[PASSED, PASSED])).unwrap();
        assert_eq!(written(&directory), BTreeSet::from(["sample.json".to_owned()]));
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn a_directory_that_is_not_there_is_named() {
        let outputs = Outputs { reports: Some("/nonexistent/reports".into()), ..Outputs::default() };
        for report in [sample(&[PASSED]), sample(&[PASSED, PASSED])] {
            let error = outputs.write(&report).unwrap_err();
            assert!(error.contains("/nonexistent/reports"), "{error}");
        }
    }
}
