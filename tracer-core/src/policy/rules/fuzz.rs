//! Any policy.

use super::file::PolicyFile;

/// Entry for fuzzing: any text is refused at a place that it has, or is a policy that can be told.
pub fn fuzz_policy(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match PolicyFile::parse(text) {
        Ok(file) => {
            assert!(!file.to_string().is_empty());
            let _ = file.warnings();
        }
        Err(error) => {
            assert!(error.line >= 1 && error.line <= text.matches('\n').count() + 1);
            assert!(error.column >= 1 && !error.problem.is_empty());
        }
    }
}
