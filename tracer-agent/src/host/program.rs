//! What kind of program an executable is, by its file name.

/// A language runtime that runs somebody else's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "well-known names")]
pub enum Runtime {
    CPython,
    PyPy,
    Node,
    Bun,
    Deno,
    Ruby,
    Perl,
    Php,
    Java,
    DotNet,
    Shell,
}

impl Runtime {
    /// By the file name of the executable, `python3.11` for instance. Bias: a renamed interpreter
    /// is taken for an ordinary program, which costs the script's name.
    pub fn of(file_name: &str) -> Option<Self> {
        let stem = file_name.trim_end_matches(|c: char| c.is_ascii_digit() || ".-".contains(c));
        Some(match stem {
            "python" => Self::CPython,
            "pypy" => Self::PyPy,
            "node" | "nodejs" => Self::Node,
            "bun" => Self::Bun,
            "deno" => Self::Deno,
            "ruby" => Self::Ruby,
            "perl" => Self::Perl,
            "php" | "php-fpm" => Self::Php,
            "java" => Self::Java,
            "dotnet" => Self::DotNet,
            "sh" | "bash" | "dash" | "zsh" | "ash" | "busybox" => Self::Shell,
            _ => return None,
        })
    }

    /// As `process.runtime.name`; a shell is none.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::CPython => "cpython",
            Self::PyPy => "pypy",
            Self::Node => "nodejs",
            Self::Bun => "bun",
            Self::Deno => "deno",
            Self::Ruby => "ruby",
            Self::Perl => "perl",
            Self::Php => "php",
            Self::Java => "java",
            Self::DotNet => "dotnet",
            Self::Shell => return None,
        })
    }
}

/// The last part of a path.
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_do_not_matter() {
        for (name, runtime) in [
            ("python", Some(Runtime::CPython)),
            ("python3.11", Some(Runtime::CPython)),
            ("pypy3.10", Some(Runtime::PyPy)),
            ("node", Some(Runtime::Node)),
            ("php-fpm8.2", Some(Runtime::Php)),
            ("pythonista", None),
            ("nginx", None),
            ("", None),
        ] {
            assert_eq!(Runtime::of(name), runtime, "{name}");
        }
    }
}
