//! The container engine: whether it is there, and local images in it.

use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use store_testkit::{Release, find_program};

use super::apt::Packages;
use super::root::Root;
use crate::run;

/// The label of an image that says what it was made from.
const FINGERPRINT: &str = "store-testkit.packages";

pub(super) struct Engine(());

impl Engine {
    /// `None` where nobody answers to `docker`.
    pub(super) fn find() -> Option<Self> {
        find_program("docker")?;
        let mut version = Command::new("docker");
        version.args(["version", "--format", "{{.Server.Version}}"]).stdout(Stdio::null()).stderr(Stdio::null());
        version.status().is_ok_and(|status| status.success()).then_some(Self(()))
    }

    /// What the image of a release was made from; `None` where there is no such image.
    pub(super) fn fingerprint(&self, release: Release) -> Result<Option<String>> {
        let format = format!("{{{{index .Config.Labels {FINGERPRINT:?}}}}}");
        let mut inspect = Command::new("docker");
        inspect.args(["image", "inspect", "--format", &format, &reference(release)]).stderr(Stdio::null());
        let output = inspect.output().context("starting docker")?;
        Ok(output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned()))
    }

    /// Makes the image unless there is one of the same packages, and gives its name.
    pub(super) fn ensure(&self, release: Release, root: &Root, packages: &Packages, server: &str) -> Result<String> {
        let fingerprint = packages.fingerprint();
        if self.fingerprint(release)? == Some(fingerprint.clone()) {
            eprintln!("{} is there already", reference(release));
            return Ok(reference(release));
        }
        let archive = root.beside("tar")?;
        run::run(Command::new("tar").arg("--create").arg("--file").arg(&archive).arg("-C").arg(root.path()).arg("."))?;
        let entry_point = serde_json::to_string(&root.command_line(server)?)?;
        let mut import = Command::new("docker");
        import.args(["import", "--change", &format!("ENTRYPOINT {entry_point}")]);
        import.args(["--change", &format!("LABEL {FINGERPRINT}={fingerprint}")]);
        let imported = run::run(import.arg(&archive).arg(reference(release)).stdout(std::io::stderr()));
        std::fs::remove_file(&archive).with_context(|| format!("removing {}", archive.display()))?;
        imported.map(|()| reference(release))
    }
}

fn reference(release: Release) -> String {
    let (name, tag) = release.image();
    format!("{name}:{tag}")
}
