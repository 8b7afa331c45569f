//! A directory with a server and every library that it needs, down to the loader.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use store_testkit::{PROGRAM, Release};

use super::apt::Packages;
use crate::run;

/// Within the directory, the fingerprint of what was unpacked.
const RECORD: &str = "unpacked";

pub(super) struct Root {
    directory: PathBuf,
}

impl Root {
    pub(super) fn of(release: Release) -> Result<Self> {
        Ok(Self { directory: release.directory()? })
    }

    pub(super) fn path(&self) -> &Path {
        &self.directory
    }

    /// A path of the same name with something added, in the same directory.
    pub(super) fn beside(&self, addition: &str) -> Result<PathBuf> {
        let name = self.directory.file_name().context("the directory of a release has a name")?;
        Ok(self.directory.with_file_name(format!("{}.{addition}", name.to_string_lossy())))
    }

    pub(super) fn holds(&self, packages: &Packages) -> bool {
        fs::read_to_string(self.directory.join(RECORD)).is_ok_and(|record| record == packages.fingerprint())
    }

    /// Replaces the directory as a whole: servers that run from the old one keep its files open.
    pub(super) fn unpack(&self, files: &[PathBuf], packages: &Packages, server: &str) -> Result<()> {
        let parent = self.directory.parent().context("a release lies in a directory")?;
        fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
        let new = Self { directory: self.beside("new")? };
        remove(&new.directory)?;
        eprintln!("unpacking {} packages into {}", files.len(), self.directory.display());
        for file in files {
            run::capture(Command::new("dpkg-deb").arg("--extract").arg(file).arg(&new.directory))?;
        }
        new.write_program(server)?;
        fs::write(new.directory.join(RECORD), packages.fingerprint())?;
        remove(&self.directory)?;
        fs::rename(&new.directory, &self.directory).with_context(|| format!("making {}", self.directory.display()))?;
        files.iter().try_for_each(fs::remove_file).context("removing the packages' files")
    }

    /// What starts the server, by paths within the directory: the loader, told where the libraries are, because the
    /// machine's own loader would give the server the machine's own libraries.
    pub(super) fn command_line(&self, server: &str) -> Result<Vec<String>> {
        let loader = self.loader()?;
        let triplet = loader.parent().and_then(Path::file_name).context("a loader lies in a directory")?;
        let libraries = ["lib", "usr/lib"].map(|directory| Path::new(directory).join(triplet));
        let libraries: Vec<_> = libraries.iter().filter(|path| self.directory.join(path).is_dir()).collect();
        let libraries: Vec<_> = libraries.iter().map(|path| format!("/{}", path.display())).collect();
        let program = format!("usr/bin/{server}");
        ensure!(self.directory.join(&program).exists(), "the packages bring no {program}");
        let loader = format!("/{}", loader.display());
        Ok(vec![loader, "--library-path".to_owned(), libraries.join(":"), format!("/{program}")])
    }

    /// The only regular file of its kind; links to it name places of an installed system.
    fn loader(&self) -> Result<PathBuf> {
        for libraries in ["lib", "usr/lib"] {
            let Ok(directories) = fs::read_dir(self.directory.join(libraries)) else { continue };
            for directory in directories {
                let directory = directory?.path();
                let Ok(files) = fs::read_dir(&directory) else { continue };
                for file in files {
                    let file = file?;
                    if file.file_name().to_string_lossy().starts_with("ld-linux") && file.file_type()?.is_file() {
                        return Ok(file.path().strip_prefix(&self.directory)?.to_owned());
                    }
                }
            }
        }
        anyhow::bail!("the packages bring no loader")
    }

    /// A shell script that becomes the server, so that whoever starts it has the server's process.
    fn write_program(&self, server: &str) -> Result<()> {
        let script = script(&self.command_line(server)?);
        let path = self.directory.join(PROGRAM);
        fs::write(&path, script).with_context(|| format!("writing {}", path.display()))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).context("making the script executable")
    }
}

fn script(command_line: &[String]) -> String {
    let within = |word: &String| match word.as_str() {
        option if option.starts_with("--") => option.to_owned(),
        paths => format!("\"{}\"", paths.split(':').map(|path| format!("$root{path}")).collect::<Vec<_>>().join(":")),
    };
    let words: Vec<_> = command_line.iter().map(within).collect();
    format!("#!/bin/sh\nroot=${{0%/*}}\nexec {} \"$@\"\n", words.join(" "))
}

fn remove(directory: &Path) -> Result<()> {
    if !directory.exists() {
        return Ok(());
    }
    fs::remove_dir_all(directory).with_context(|| format!("removing {}", directory.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_runs_everything_from_its_own_directory() {
        let line = ["/lib/a/ld-linux.so.2", "--library-path", "/lib/a:/usr/lib/a", "/usr/bin/s"].map(str::to_owned);
        let expected = "#!/bin/sh\nroot=${0%/*}\nexec \"$root/lib/a/ld-linux.so.2\" --library-path \
                        \"$root/lib/a:$root/usr/lib/a\" \"$root/usr/bin/s\" \"$@\"\n";
        assert_eq!(script(&line), expected);
    }
}
