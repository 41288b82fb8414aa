//! Values that somebody put in the wrong place.

/// How the credentials begin that providers and hosts of code hand out.
const STARTS: [&str; 15] = [
    "sk-",
    "sk_",
    "Bearer ",
    "Basic ",
    "ghp_",
    "gho_",
    "github_pat_",
    "glpat-",
    "xox",
    "AKIA",
    "AIza",
    "eyJ",
    "hf_",
    "gsk_",
    "-----BEGIN",
];

/// Whether a value is likely a credential. Biased to yes: one that is missing is seen and asked about,
/// an exported secret is not.
pub fn looks_like_credential(value: &str) -> bool {
    STARTS.iter().any(|start| value.starts_with(start))
}
