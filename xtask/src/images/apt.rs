//! apt with a state of its own: another suite than the machine's, from the machine's mirror, and nothing installed.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use store_testkit::find_program;

use crate::run;

/// Debian's keys, where the package `debian-archive-keyring` puts them. Without the file apt checks by the keys that it
/// trusts for everything.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

const PROGRAMS: [&str; 2] = ["apt-get", "dpkg-deb"];

pub(super) fn is_there() -> bool {
    PROGRAMS.iter().all(|program| find_program(program).is_some())
}

/// One suite.
pub(super) struct PrivateApt {
    directory: PathBuf,
}

impl PrivateApt {
    /// Reads the suite's list of packages, from the first of the machine's repositories that has the suite.
    pub(super) fn new(directory: PathBuf, suite: &str) -> Result<Self> {
        ensure!(is_there(), "Debian's packages are unpacked with Debian's tools: no {}", PROGRAMS.join(" or no "));
        let apt = Self { directory };
        apt.write_state()?;
        for repository in repositories()? {
            fs::write(apt.sources(), source_line(&repository, suite, Path::new(KEYRING).exists()))?;
            if run::run(apt.apt_get(&["update", "--error-on=any"]).stdout(std::io::stderr())).is_ok() {
                return Ok(apt);
            }
        }
        bail!("none of the repositories that apt is configured with has Debian's suite {suite}, or none can be reached")
    }

    /// The package and all that it needs, in the versions that the suite has now.
    pub(super) fn resolve(&self, package: &str) -> Result<Packages> {
        Packages::parse(&run::capture(&mut self.apt_get(&["install", "--simulate", package]))?)
    }

    /// The files of the packages.
    pub(super) fn download(&self, package: &str, packages: &Packages) -> Result<Vec<PathBuf>> {
        let mut install = self.apt_get(&["install", "--download-only", "--yes", package]);
        run::run(install.stdout(std::io::stderr()))?;
        let archives = self.directory.join("archives");
        Ok(packages.0.iter().map(|package| archives.join(package.file_name())).collect())
    }

    fn sources(&self) -> PathBuf {
        self.directory.join("sources.list")
    }

    fn configuration(&self) -> PathBuf {
        self.directory.join("apt.conf")
    }

    fn apt_get(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("apt-get");
        command.arg("--config-file").arg(self.configuration()).arg("--quiet=2").args(arguments).env("LC_ALL", "C");
        command
    }

    /// Beside these settings the machine's hold, those of how to reach its mirror among them.
    fn write_state(&self) -> Result<()> {
        for directory in ["lists/partial", "archives/partial"] {
            fs::create_dir_all(self.directory.join(directory)).context("making the directories of apt's state")?;
        }
        fs::write(self.directory.join("status"), "").context("writing an empty list of installed packages")?;
        let directory = self.directory.to_str().context("the target directory's name is not UTF-8")?;
        fs::write(self.configuration(), configuration(directory)).context("writing apt's configuration")
    }
}

fn configuration(directory: &str) -> String {
    let settings = [
        ("Dir::State", ""),
        ("Dir::State::lists", "/lists"),
        ("Dir::State::status", "/status"),
        ("Dir::Cache", ""),
        ("Dir::Cache::archives", "/archives"),
        ("Dir::Etc::sourcelist", "/sources.list"),
    ];
    let own = settings.iter().map(|(name, path)| format!("{name} \"{directory}{path}\";\n"));
    let none = ["Dir::Etc::sourceparts", "Dir::Etc::preferences", "Dir::Etc::preferencesparts"];
    let none = none.iter().map(|name| format!("{name} \"/dev/null\";\n"));
    let plain = [
        "APT::Install-Recommends \"false\";\n",
        "Acquire::Languages \"none\";\n",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled \"false\";\n",
        // The machine's hooks tidy its own cache and tell its desktop of news, and none of that is our business.
        "#clear APT::Update::Pre-Invoke;\n#clear APT::Update::Post-Invoke;\n#clear APT::Update::Post-Invoke-Success;\n",
    ];
    own.chain(none).chain(plain.map(str::to_owned)).collect()
}

fn source_line(repository: &str, suite: &str, has_keyring: bool) -> String {
    let keys = if has_keyring { format!("[signed-by={KEYRING}] ") } else { String::new() };
    format!("deb {keys}{repository} {suite} main\n")
}

/// Those that the machine's apt gets packages of the component `main` from.
fn repositories() -> Result<Vec<String>> {
    let format = "$(CREATED_BY) $(COMPONENT) $(REPO_URI)";
    let text = run::capture(Command::new("apt-get").args(["indextargets", "--format", format]))?;
    let mut seen = BTreeSet::new();
    let uris = text.lines().filter_map(|line| line.strip_prefix("Packages main "));
    Ok(uris.filter(|uri| seen.insert(*uri)).map(str::to_owned).collect())
}

/// A package and all that it needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Packages(Vec<Package>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Package {
    name: String,
    version: String,
    architecture: String,
}

impl Packages {
    /// Reads what `apt-get install --simulate` says: `Inst libc6 (2.36-9 Debian:12.15/oldstable [amd64])`, a line each.
    fn parse(simulation: &str) -> Result<Self> {
        let steps = simulation.lines().filter_map(|line| line.strip_prefix("Inst "));
        let packages = steps.map(|step| Package::parse(step).with_context(|| format!("not apt's step: {step}")));
        let packages: Vec<Package> = packages.collect::<Result<_>>()?;
        ensure!(!packages.is_empty(), "apt would install nothing");
        Ok(Self(packages))
    }

    /// The version of the program in one of them, without Debian's epoch.
    pub(super) fn version_of(&self, name: &str) -> Result<&str> {
        let package = self.0.iter().find(|package| package.name == name).with_context(|| format!("no {name} in it"))?;
        Ok(package.version.split_once(':').map_or(package.version.as_str(), |(_, version)| version))
    }

    /// Other packages or versions give another one.
    pub(super) fn fingerprint(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.0.hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }
}

impl Package {
    fn parse(step: &str) -> Option<Self> {
        let (name, rest) = step.split_once(" (")?;
        // What follows the parenthesis tells what is unconfigured still.
        let (version, origin) = rest.split_once(')')?.0.split_once(' ')?;
        let architecture = origin.rsplit_once('[')?.1.strip_suffix(']')?;
        Some(Self { name: name.to_owned(), version: version.to_owned(), architecture: architecture.to_owned() })
    }

    fn file_name(&self) -> String {
        format!("{}_{}_{}.deb", self.name, self.version.replace(':', "%3a"), self.architecture)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIMULATION: &str = "\
        Reading package lists...\n\
        Inst gcc-12-base (12.2.0-14+deb12u1 Debian:12.15/oldstable [amd64]) [libgcc-s1:amd64 ]\n\
        Inst adduser (3.134 Debian:12.15/oldstable [all])\n\
        Inst redis-server (5:7.0.15-1~deb12u9 Debian:12.15/oldstable [amd64])\n\
        Conf redis-server (5:7.0.15-1~deb12u9 Debian:12.15/oldstable [amd64])\n";

    #[test]
    fn packages_and_their_files_are_read_from_apts_steps() {
        let packages = Packages::parse(SIMULATION).unwrap();
        let files: Vec<_> = packages.0.iter().map(Package::file_name).collect();
        let expected = [
            "gcc-12-base_12.2.0-14+deb12u1_amd64.deb",
            "adduser_3.134_all.deb",
            "redis-server_5%3a7.0.15-1~deb12u9_amd64.deb",
        ];
        assert_eq!(files, expected);
        assert_eq!(packages.version_of("redis-server").unwrap(), "7.0.15-1~deb12u9");
        assert!(packages.version_of("redis-tools").is_err());
    }

    #[test]
    fn nothing_to_install_is_an_error() {
        assert!(Packages::parse("Reading package lists...\n").is_err());
        assert!(Packages::parse("Inst something else\n").is_err());
    }

    #[test]
    fn a_new_version_has_another_fingerprint() {
        let newer = Packages::parse(&SIMULATION.replace("3.134", "3.135")).unwrap();
        assert_ne!(Packages::parse(SIMULATION).unwrap().fingerprint(), newer.fingerprint());
    }

    #[test]
    fn packages_are_checked_by_debians_keys_where_they_are() {
        let repository = "https://mirror.example/debian/";
        let checked =
            "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] https://mirror.example/debian/ sid main\n";
        assert_eq!(source_line(repository, "sid", true), checked);
        assert_eq!(source_line(repository, "sid", false), "deb https://mirror.example/debian/ sid main\n");
    }
}
