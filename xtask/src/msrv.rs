//! The oldest compiler: no package that a published crate builds with may ask for a newer one than we promise.
//!
//! Our own sources are clippy's to check (`incompatible_msrv`).

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::workspace::{Workspace, published};

pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let metadata = workspace.metadata()?;
    let names: Vec<_> = published(&metadata).filter_map(|crate_| crate_["name"].as_str()).collect();
    eprintln!("what these build with: {}", names.join(", "));
    let violations = violations(&metadata)?;
    violations.iter().for_each(|violation| eprintln!("{violation}"));
    ensure!(
        violations.is_empty(),
        "{} packages ask for a newer compiler than the workspace promises",
        violations.len()
    );
    Ok(())
}

/// A line for each package in the normal and build dependencies of a published crate, with all features and on all
/// targets, that declares a higher `rust-version` than that crate.
fn violations(metadata: &Value) -> Result<BTreeSet<String>> {
    let packages = by_id(&metadata["packages"])?;
    let nodes = by_id(&metadata["resolve"]["nodes"])?;
    let mut violations = BTreeSet::new();
    for crate_ in published(metadata) {
        let name = text(crate_, "name")?;
        let promised = version(text(crate_, "rust_version")?)?;
        for id in reachable(text(crate_, "id")?, &nodes)? {
            let package = packages.get(id).context("a dependency without a package")?;
            let Some(declared) = package["rust_version"].as_str() else { continue };
            if version(declared)? > promised {
                let (dependency, its) = (text(package, "name")?, text(package, "version")?);
                violations.insert(format!("{name}: {dependency} {its} needs Rust {declared}"));
            }
        }
    }
    Ok(violations)
}

/// All packages that building `root` as a dependency builds, `root` included.
fn reachable<'a>(root: &'a str, nodes: &BTreeMap<&str, &'a Value>) -> Result<BTreeSet<&'a str>> {
    let mut seen = BTreeSet::new();
    let mut open = vec![root];
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let node = nodes.get(id).with_context(|| format!("{id} is not resolved"))?;
        let dependencies = node["deps"].as_array().context("a node without dependencies")?;
        open.extend(dependencies.iter().filter(|dependency| is_built(dependency)).filter_map(|it| it["pkg"].as_str()));
    }
    Ok(seen)
}

/// Whether it is a normal (`null`) or a build dependency; tests of others are not built by a user.
fn is_built(dependency: &Value) -> bool {
    let kinds = dependency["dep_kinds"].as_array().map(Vec::as_slice).unwrap_or_default();
    kinds.iter().any(|kind| kind["kind"].is_null() || kind["kind"] == "build")
}

fn by_id(list: &Value) -> Result<BTreeMap<&str, &Value>> {
    let list = list.as_array().context("cargo metadata without packages")?;
    list.iter().map(|item| Ok((text(item, "id")?, item))).collect()
}

fn text<'a>(of: &'a Value, name: &str) -> Result<&'a str> {
    of[name].as_str().with_context(|| format!("cargo metadata gives no {name}"))
}

/// `1.88` and `1.88.0` are the same version.
fn version(declared: &str) -> Result<[u32; 3]> {
    let mut version = [0; 3];
    let mut parts = version.iter_mut();
    for number in declared.split('.') {
        let Some(part) = parts.next() else { bail!("{declared} is not a Rust version") };
        *part = number.parse().with_context(|| format!("{declared} is not a Rust version"))?;
    }
    Ok(version)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// `published` depends on `near`, which depends on `far` in the given way; `far` needs Rust 1.90.
    fn graph(kind: Value, publish: Value) -> Value {
        let package = |id: &str, rust: &str| json!({"id": id, "name": id, "version": "1.0.0", "rust_version": rust});
        let mut published = package("published", "1.88");
        published["publish"] = publish;
        let edge = |to: &str, kind: &Value| json!([{"pkg": to, "dep_kinds": [{"kind": kind}]}]);
        json!({
            "workspace_members": ["published"],
            "packages": [published, package("near", "1.88.0"), package("far", "1.90")],
            "resolve": {"nodes": [
                {"id": "published", "deps": edge("near", &Value::Null)},
                {"id": "near", "deps": edge("far", &kind)},
                {"id": "far", "deps": []},
            ]},
        })
    }

    #[test]
    fn a_newer_dependency_of_a_dependency_is_a_violation() {
        for kind in [Value::Null, json!("build")] {
            let expected = BTreeSet::from(["published: far 1.0.0 needs Rust 1.90".to_owned()]);
            assert_eq!(violations(&graph(kind, Value::Null)).unwrap(), expected);
        }
    }

    #[test]
    fn what_only_tests_need_is_none() {
        assert!(violations(&graph(json!("dev"), Value::Null)).unwrap().is_empty());
    }

    #[test]
    fn what_only_unpublished_crates_need_is_none() {
        assert!(violations(&graph(Value::Null, json!([]))).unwrap().is_empty());
    }

    #[test]
    fn versions_compare_by_number() {
        assert!(version("1.100").unwrap() > version("1.88.0").unwrap());
        assert_eq!(version("1.88").unwrap(), version("1.88.0").unwrap());
        assert!(version("1.x").is_err());
    }
}
