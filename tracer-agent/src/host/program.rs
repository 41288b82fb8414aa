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

    /// Its release as far as the executable's path tells: `/usr/bin/python3.11`,
    /// `…/node/v20.11.0/bin/node`, `…/java-21-openjdk-amd64/bin/java`. Bias: a release that no part of the
    /// path names is not told.
    pub fn version(path: &str) -> Option<String> {
        let runtime = Self::of(file_name(path))?;
        path.rsplit('/').find_map(|part| {
            let rest = part.trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == '-');
            let named = Self::of(part.get(..part.len() - rest.len())?) == Some(runtime);
            let tagged = part.strip_prefix('v') == Some(rest);
            let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'));
            let version = rest.get(..digits.unwrap_or(rest.len()))?.trim_matches('.');
            let is_one = version.starts_with(|c: char| c.is_ascii_digit());
            (is_one && (named || tagged)).then(|| version.to_owned())
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
    fn a_path_may_tell_the_release() {
        for (path, version) in [
            ("/usr/bin/python3.11", Some("3.11")),
            ("/usr/bin/python3", Some("3")),
            (
                "/root/.nvm/versions/node/v20.11.0/bin/node",
                Some("20.11.0"),
            ),
            ("/usr/lib/jvm/java-21-openjdk-amd64/bin/java", Some("21")),
            ("/usr/bin/php8.2", Some("8.2")),
            ("/usr/bin/node", None),
            ("/opt/v2/bin/gateway", None),
            ("/usr/bin/curl", None),
        ] {
            assert_eq!(Runtime::version(path).as_deref(), version, "{path}");
        }
    }

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
