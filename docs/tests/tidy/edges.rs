//! Rules about dependencies: the two tables of `docs/ARCHITECTURE.md` against `cargo metadata`.

use crate::{assert_none, root};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

/// One package of the workspace, as far as the rules ask.
pub(crate) struct Package {
    /// The short name: the folder below `crates`, or `benches`, or `docs`.
    pub(crate) name: String,
    dependencies: Vec<Dependency>,
}

/// One line of a manifest's dependencies.
struct Dependency {
    package: String,
    only_tests: bool,
    ours: bool,
}

/// The packages of the workspace, from `cargo metadata`.
pub(crate) fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    list(&metadata["packages"]).iter().map(package).collect()
}

fn package(value: &Value) -> Package {
    let dependencies = list(&value["dependencies"]).iter();
    Package {
        name: short(text(&value["name"])).to_owned(),
        dependencies: dependencies
            .map(|dependency| Dependency {
                package: text(&dependency["name"]).to_owned(),
                only_tests: dependency["kind"] == "dev",
                ours: dependency["path"].is_string(),
            })
            .collect(),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string in cargo's answer")
}

fn short(package: &str) -> &str {
    package.strip_prefix("gomalloc-").unwrap_or(package)
}

/// The rows of the table under `heading`, each as its cells, the line of dashes left out.
fn table(heading: &str) -> Vec<Vec<String>> {
    let document = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).expect("the document");
    let (_, section) = document.split_once(heading).expect("the section");
    let rows = section.lines().skip_while(|line| !line.starts_with('|'));
    rows.take_while(|line| line.starts_with('|'))
        .filter(|line| !line.starts_with("|--"))
        .map(|line| {
            let inner = line.trim_matches('|');
            inner
                .split('|')
                .map(|cell| cell.trim().trim_matches('`').to_owned())
                .collect()
        })
        .collect()
}

/// Edges between our crates that the document allows.
fn matrix() -> BTreeSet<(String, String)> {
    let rows = table("## Dependency matrix");
    let (head, body) = rows.split_first().expect("a head");
    let mut edges = BTreeSet::new();
    for row in body {
        for (column, cell) in row.iter().enumerate().skip(1) {
            if cell == "●" {
                edges.insert((row[0].clone(), head[column].clone()));
            }
        }
    }
    edges
}

#[test]
fn the_dependency_matrix_is_the_manifests() {
    let mut edges = BTreeSet::new();
    for package in packages() {
        for dependency in package
            .dependencies
            .iter()
            .filter(|d| d.ours && !d.only_tests)
        {
            edges.insert((package.name.clone(), short(&dependency.package).to_owned()));
        }
    }
    let written = matrix();
    let missing = edges
        .difference(&written)
        .map(|(from, to)| format!("{from} -> {to}: not in the matrix"));
    let stale = written
        .difference(&edges)
        .map(|(from, to)| format!("{from} -> {to}: in no manifest"));
    assert_none(
        "the matrix equals the manifests",
        &missing.chain(stale).collect::<Vec<_>>(),
    );
}

#[test]
fn every_crate_has_a_row_in_the_matrix() {
    let rows: BTreeSet<String> = table("## Dependency matrix")
        .iter()
        .skip(1)
        .map(|row| row[0].clone())
        .collect();
    let crates: BTreeSet<String> = packages().into_iter().map(|package| package.name).collect();
    assert_eq!(rows, crates);
}

#[test]
fn nobody_depends_upwards_even_in_tests() {
    // The columns of the matrix are in order, lowest first; tests may reach sideways, never up.
    let order = &table("## Dependency matrix")[0];
    let rank = |name: &str| {
        order
            .iter()
            .position(|cell| cell == name)
            .unwrap_or(order.len())
    };
    let mut findings = Vec::new();
    for package in packages() {
        for dependency in package
            .dependencies
            .iter()
            .filter(|dependency| dependency.ours)
        {
            let to = short(&dependency.package);
            // Its own tests may switch a crate's features on by naming it.
            let is_itself = dependency.only_tests && to == package.name;
            if !is_itself && rank(to) >= rank(&package.name) && rank(&package.name) < order.len() {
                findings.push(format!("{} -> {to}", package.name));
            }
        }
    }
    assert_none("dependencies point down", &findings);
}

#[test]
fn each_foreign_crate_is_named_by_its_owners_only() {
    let rows = table("## Foreign crates");
    let owners: BTreeMap<&str, BTreeSet<&str>> = rows
        .iter()
        .skip(1)
        .map(|row| (row[0].as_str(), row[1].split(", ").collect()))
        .collect();
    let test_only = ["proptest", "tempfile"];
    let mut findings = Vec::new();
    for package in packages() {
        for dependency in package
            .dependencies
            .iter()
            .filter(|dependency| !dependency.ours)
        {
            let name = dependency.package.as_str();
            let owned = owners
                .get(name)
                .is_some_and(|who| who.contains(package.name.as_str()));
            let in_tests =
                dependency.only_tests && (owners.contains_key(name) || test_only.contains(&name));
            if !owned && !in_tests {
                findings.push(format!("{} names {name}", package.name));
            }
        }
    }
    assert_none("the owners stand in docs/ARCHITECTURE.md", &findings);
}

#[test]
fn the_lowest_layer_of_arithmetic_depends_on_nothing() {
    let all = packages();
    let sizeclass = all
        .iter()
        .find(|package| package.name == "sizeclass")
        .expect("sizeclass");
    let named: Vec<String> = sizeclass
        .dependencies
        .iter()
        .filter(|dependency| !dependency.only_tests)
        .map(|dependency| dependency.package.clone())
        .collect();
    assert_none("sizeclass has no dependency", &named);
}
