//! As much of kustomize as the manifests use: resources and JSON patches.

use std::{collections::BTreeMap, path::Path, process::Command};

use json_patch::Patch;
use serde::Deserialize;
use serde_json::Value;

use crate::files;

/// Documents by kind and name.
pub type Documents = BTreeMap<(String, String), Value>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Kustomization {
    api_version: String,
    kind: String,
    resources: Vec<String>,
    #[serde(default)]
    patches: Vec<PatchFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PatchFile {
    path: String,
    target: Target,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    kind: String,
    name: String,
}

/// What `kubectl apply --kustomize` would send.
pub fn render(folder: &Path) -> Documents {
    let kustomization: Kustomization =
        serde_norway::from_str(&files::text(&folder.join("kustomization.yaml"))).unwrap();
    assert_eq!(kustomization.api_version, "kustomize.config.k8s.io/v1beta1");
    assert_eq!(kustomization.kind, "Kustomization");
    let mut documents = Documents::new();
    for resource in &kustomization.resources {
        let path = folder.join(resource);
        documents.extend(if path.is_dir() {
            render(&path)
        } else {
            documents_of(&files::text(&path))
        });
    }
    for PatchFile { path, target } in kustomization.patches {
        let patch: Patch = serde_norway::from_str(&files::text(&folder.join(path))).unwrap();
        let document = documents
            .get_mut(&(target.kind, target.name))
            .expect("the patch has a target");
        json_patch::patch(document, &patch).unwrap();
    }
    documents
}

fn documents_of(yaml: &str) -> Documents {
    serde_norway::Deserializer::from_str(yaml)
        .map(|document| {
            let value = Value::deserialize(document).unwrap();
            let text = |pointer: &str| {
                value
                    .pointer(pointer)
                    .and_then(Value::as_str)
                    .expect("kind and name are there")
                    .to_owned()
            };
            ((text("/kind"), text("/metadata/name")), value)
        })
        .collect()
}

#[test]
fn kubectl_renders_the_same() {
    if Command::new("kubectl")
        .args(["kustomize", "--help"])
        .output()
        .is_err()
    {
        return println!("skipped: kubectl is not installed");
    }
    for folder in ["base", "overlays/before-6.6", "overlays/privileged"] {
        let folder = files::deploy("kubernetes").join(folder);
        let output = Command::new("kubectl")
            .arg("kustomize")
            .arg(&folder)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(
            documents_of(&String::from_utf8(output.stdout).unwrap()),
            render(&folder)
        );
    }
}
