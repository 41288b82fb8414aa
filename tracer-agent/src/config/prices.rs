//! The operator's prices, from the files that `cost.prices` names.

use std::path::{Path, PathBuf};

use thiserror::Error;
use tracer_core::pricing::{self, PriceBook, PriceFileError, PriceRule};

use super::effective::CostConfig;
use crate::bounded_file;

/// Longest file that is read: several times LiteLLM's whole list.
const MAX_BYTES: u64 = 32 << 20;

/// Why a file with prices is not taken.
#[derive(Debug, Error)]
pub enum PricesError {
    /// It cannot be read.
    #[error("cannot read the prices in {}: {cause}; check the path and its permissions", .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// It is no text.
    #[error("{} is not UTF-8 text: save it as such", .0.display())]
    NotUtf8(PathBuf),
    /// Nothing tells what is in it.
    #[error("{} ends in neither .toml nor .json: name it after what is in it", .0.display())]
    Unnamed(PathBuf),
    /// What is in it makes no sense.
    #[error("{}: {cause}", .path.display())]
    Bad {
        /// Which file.
        path: PathBuf,
        /// Why.
        cause: PriceFileError,
    },
}

/// Reads all prices.
///
/// # Errors
/// If a file cannot be read, or does not make sense: says which, where and what is allowed.
pub fn load(config: &CostConfig) -> Result<PriceBook, PricesError> {
    let mut rules = Vec::new();
    for path in &config.prices {
        rules.extend(read(path)?);
    }
    Ok(PriceBook::new(rules, config.list))
}

fn read(path: &Path) -> Result<Vec<PriceRule>, PricesError> {
    let named = || path.to_owned();
    let parse = match path.extension().and_then(|extension| extension.to_str()) {
        Some("toml") => pricing::from_toml,
        Some("json") => pricing::from_json,
        _ => return Err(PricesError::Unnamed(named())),
    };
    let bytes = bounded_file::read(path, MAX_BYTES).map_err(|cause| PricesError::Unreadable {
        path: named(),
        cause,
    })?;
    let text = std::str::from_utf8(&bytes).map_err(|_| PricesError::NotUtf8(named()))?;
    parse(text).map_err(|cause| PricesError::Bad {
        path: named(),
        cause,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(name: &str, text: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let config = CostConfig {
            prices: vec![path],
            list: false,
        };
        let message = match load(&config) {
            Ok(_) => "loaded".to_owned(),
            Err(error) => error.to_string(),
        };
        let folder = folder.path().display().to_string();
        message.replace(&folder, "/etc")
    }

    #[test]
    fn files_are_told_apart_by_their_ends() {
        let toml = b"[[price]]\nmodel = \"house-model\"\ninput = 1.5\n";
        assert_eq!(loaded("prices.toml", toml), "loaded");
        let litellm = br#"{"gpt-4o":{"input_cost_per_token":2.5e-06}}"#;
        assert_eq!(loaded("prices.json", litellm), "loaded");
        assert_eq!(
            loaded("prices.yaml", toml),
            "/etc/prices.yaml ends in neither .toml nor .json: name it after what is in it"
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_the_file() {
        assert_eq!(
            loaded("a.toml", b"[[price]]\nmodel = \"m\"\ninput = -1\n"),
            "/etc/a.toml: price 1 (`m`): `input` is no price: write a number that is not negative, such as 2.50"
        );
        assert_eq!(
            loaded("a.toml", b"\xff"),
            "/etc/a.toml is not UTF-8 text: save it as such"
        );
        let absent = CostConfig {
            prices: vec!["/nonexistent/prices.toml".into()],
            list: false,
        };
        assert_eq!(
            load(&absent).unwrap_err().to_string(),
            "cannot read the prices in /nonexistent/prices.toml: No such file or directory (os error 2); check the path and its permissions"
        );
    }
}
