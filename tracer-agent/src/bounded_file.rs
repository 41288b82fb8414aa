//! Files that the operator names, read whole but never beyond a bound: a device has no end.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

/// The whole file.
///
/// # Errors
/// If it cannot be read, or is longer than `limit` bytes.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let beyond = limit.saturating_add(1);
    File::open(path)?.take(beyond).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is longer than {limit} bytes"),
        ));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_the_bound_and_not_beyond() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, [b'x'; 100]).unwrap();
        assert_eq!(read(&path, 100).unwrap(), [b'x'; 100]);
        for (path, limit) in [(path.as_path(), 99), (Path::new("/dev/zero"), 100_000)] {
            let error = read(path, limit).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("it is longer than {limit} bytes")
            );
        }
    }
}
