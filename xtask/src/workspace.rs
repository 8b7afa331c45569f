//! Where the workspace is, where it builds to, and what cargo knows of its packages.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::run;

pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the workspace")?.to_owned();
        let metadata = metadata(&root, &["--no-deps"])?;
        let target = metadata["target_directory"].as_str().context("cargo metadata names the target directory")?;
        Ok(Self { target: PathBuf::from(target), root })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A place below the target directory for what a command makes; made if need be.
    pub(crate) fn output_directory(&self, name: &str) -> Result<PathBuf> {
        let directory = self.target.join(name);
        std::fs::create_dir_all(&directory).with_context(|| format!("making {}", directory.display()))?;
        Ok(directory)
    }

    /// `cargo <arguments>` in the workspace, by the toolchain that runs this command.
    pub(crate) fn cargo<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = cargo(&self.root);
        command.args(arguments);
        command
    }

    /// Everything in the graph of all members with all their features.
    pub(crate) fn metadata(&self) -> Result<Value> {
        metadata(&self.root, &["--all-features"])
    }
}

/// The workspace members that are published: those whose manifest does not say `publish = false`.
pub(crate) fn published(metadata: &Value) -> impl Iterator<Item = &Value> {
    let members = &metadata["workspace_members"];
    let is_member = move |package: &Value| members.as_array().is_some_and(|ids| ids.contains(&package["id"]));
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    packages.iter().filter(move |package| is_member(package) && package["publish"].is_null())
}

/// All features of the published crates, as in `store-core/json`. Those of tools are left out: the one that brings
/// containers more than doubles what a build of the tests compiles.
pub(crate) fn published_features(metadata: &Value) -> Vec<String> {
    let names = |package: &Value| {
        let package_name = package["name"].as_str().unwrap_or_default().to_owned();
        let features = package["features"].as_object().cloned().unwrap_or_default();
        features.into_iter().map(move |(feature, _)| format!("{package_name}/{feature}"))
    };
    published(metadata).flat_map(names).collect()
}

fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

fn metadata(root: &Path, options: &[&str]) -> Result<Value> {
    let text = run::capture(cargo(root).args(["metadata", "--format-version", "1"]).args(options))?;
    serde_json::from_str(&text).context("reading the output of cargo metadata")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn features_of_tools_are_not_among_those_of_published_crates() {
        let package =
            |id: &str, publish: Value| json!({"id": id, "name": id, "publish": publish, "features": {"f": []}});
        let packages = [package("a", Value::Null), package("tool", json!([])), package("foreign", Value::Null)];
        let metadata = json!({"workspace_members": ["a", "tool"], "packages": packages});
        assert_eq!(published_features(&metadata), ["a/f"]);
    }
}
