//! `cargo xtask images`: the server releases that tests can ask for, from Debian's packages.
//!
//! For machines that can pull no image, and for those that have no engine: each release is unpacked into a directory
//! that holds all it needs, from which it runs as a process, and becomes a local container image where an engine
//! answers. Nothing is installed, and nothing but apt, dpkg and docker is needed.

mod apt;
mod docker;
mod root;

use anyhow::{Context, Result, ensure};
use store_testkit::Release;

use crate::workspace::Workspace;
use apt::PrivateApt;
use docker::Engine;
use root::Root;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Makes only this release, as in `redis:7.0`; can be given more than once. All of them by default.
    #[arg(long = "server", value_name = "NAME")]
    servers: Vec<Release>,
}

/// Prints a line for each release: its name, the exact version found, the directory, the image.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let releases = if options.servers.is_empty() { &Release::ALL[..] } else { &options.servers };
    let engine = Engine::find();
    if engine.is_none() {
        eprintln!("no container engine answers: the servers can be run as processes only");
    }
    for release in releases {
        println!("{}", make(workspace, *release, engine.as_ref())?);
    }
    Ok(())
}

/// Unpacks a release where it is missing, without looking for a newer version of it.
pub(crate) fn ensure_program(workspace: &Workspace, release: Release) -> Result<()> {
    match release.program() {
        Ok(program) => eprintln!("found {}", program.display()),
        Err(_) => eprintln!("made {}", make(workspace, release, None)?),
    }
    Ok(())
}

/// Makes the image of a release where it is missing, without looking for a newer version of it.
pub(crate) fn ensure_image(workspace: &Workspace, release: Release) -> Result<()> {
    let engine = Engine::find().context("no container engine answers")?;
    match engine.fingerprint(release)? {
        Some(_) => eprintln!("found the image of {}", release.name()),
        None => eprintln!("made {}", make(workspace, release, Some(&engine))?),
    }
    Ok(())
}

/// What this machine lacks to run a release in containers, with what [`ensure_image`] can make taken as there.
pub(crate) fn lacking(release: Release) -> Result<Option<&'static str>> {
    let Some(engine) = Engine::find() else { return Ok(Some("no container engine answers")) };
    let obtainable = apt::is_there() || engine.fingerprint(release)?.is_some();
    Ok((!obtainable).then_some("the image is missing, and without apt and dpkg none can be made"))
}

/// Says what was made, in one line.
fn make(workspace: &Workspace, release: Release, engine: Option<&Engine>) -> Result<String> {
    let source = Source::of(release);
    let apt = PrivateApt::new(workspace.output_directory(&format!("images/{}", source.suite))?, source.suite)?;
    let packages = apt.resolve(source.package)?;
    let version = packages.version_of(source.package)?;
    let (_, expected) = release.server_and_version();
    ensure!(
        is_of(version, expected),
        "{} has {} {version} by now, not {expected}: the list of releases has to follow",
        source.suite,
        source.package
    );
    let root = Root::of(release)?;
    if root.holds(&packages) {
        eprintln!("{} is unpacked already", release.name());
    } else {
        root.unpack(&apt.download(source.package, &packages)?, &packages, source.package)?;
    }
    let image = match engine {
        Some(engine) => engine.ensure(release, &root, &packages, source.package)?,
        None => "no image".to_owned(),
    };
    Ok(format!("{}  {version}  {}  {image}", release.name(), root.path().display()))
}

/// Where Debian has a release.
struct Source {
    suite: &'static str,
    package: &'static str,
}

impl Source {
    fn of(release: Release) -> Self {
        let (suite, package) = match release {
            Release::Redis80 => ("trixie", "redis-server"),
            Release::Valkey81 => ("trixie", "valkey-server"),
            Release::Valkey9 => ("sid", "valkey-server"),
            _ => ("bookworm", "redis-server"),
        };
        Self { suite, package }
    }
}

/// Whether `version` is `expected` or begins with it and a dot.
fn is_of(version: &str, expected: &str) -> bool {
    version.strip_prefix(expected).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_belongs_to_its_release_and_to_no_longer_number() {
        assert!(is_of("7.0.15-1~deb12u9", "7.0"));
        assert!(is_of("9.1.2+dfsg1-1", "9"));
        assert!(!is_of("90.1", "9"));
        assert!(!is_of("10.0", "9"));
    }
}
