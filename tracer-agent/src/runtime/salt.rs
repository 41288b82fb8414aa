//! The salt of names of API keys and of pseudonyms: random, and never told.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

use anyhow::{Context as _, Result, ensure};
use tracer_core::{
    attribution::{AttributionRules, Salt},
    policy::mask::PseudonymKey,
};

use crate::config::attribution::AttributionConfig;

/// Nobody but the owner may read it.
const MODE: u32 = 0o600;

/// What depends on the salt.
pub(super) struct Salted {
    /// The rules of attribution.
    pub(super) attribution: AttributionRules,
    /// The key of pseudonyms.
    pub(super) pseudonyms: PseudonymKey,
}

/// By a salt of this run or the one in the operator's file.
///
/// # Errors
/// If the file cannot be read or made, or others may read it.
pub(super) fn salted(config: &AttributionConfig) -> Result<Salted> {
    let salt = match &config.salt {
        Some(path) => kept(path)
            .with_context(|| format!("cannot use {} (attribution.salt)", path.display()))?,
        None => random().context("cannot read /dev/urandom")?,
    };
    Ok(Salted {
        attribution: AttributionRules::new(&config.sources, Salt::new(salt)),
        pseudonyms: PseudonymKey::derived(&salt),
    })
}

fn random() -> io::Result<[u8; Salt::BYTES]> {
    let mut salt = [0; Salt::BYTES];
    File::open("/dev/urandom")?.read_exact(&mut salt)?;
    Ok(salt)
}

/// The salt in a file, which is made if it is not there.
fn kept(path: &Path) -> Result<[u8; Salt::BYTES]> {
    let mut made = OpenOptions::new();
    made.write(true).create_new(true).mode(MODE);
    match made.open(path) {
        Ok(mut file) => {
            let salt = random()?;
            file.write_all(&salt)?;
            file.sync_all()?;
            Ok(salt)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read(path),
        Err(error) => Err(error.into()),
    }
}

fn read(path: &Path) -> Result<[u8; Salt::BYTES]> {
    let mut file = File::open(path)?;
    let about = file.metadata()?;
    ensure!(
        about.mode() & 0o077 == 0,
        "others may read it: chmod 600, or remove it to have it made anew"
    );
    ensure!(
        about.len() == Salt::BYTES as u64,
        "it does not hold {} bytes: remove it to have it made anew",
        Salt::BYTES
    );
    let mut salt = [0; Salt::BYTES];
    file.read_exact(&mut salt)?;
    Ok(salt)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn it_is_made_once_for_the_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("salt");
        let salt = kept(&path).unwrap();
        assert_eq!(kept(&path).unwrap(), salt);
        assert_ne!(random().unwrap(), salt);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, MODE);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = kept(&path).unwrap_err().to_string();
        assert!(error.starts_with("others may read it"), "{error}");
        fs::remove_file(&path).unwrap();
        fs::write(&path, "short").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let error = kept(&path).unwrap_err().to_string();
        assert!(error.starts_with("it does not hold 32 bytes"), "{error}");
    }
}
