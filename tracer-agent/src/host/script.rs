//! The name of the script that an interpreter runs: `python app.py` is `app` to people.
//!
//! Command lines hold secrets. Only the one argument that is a script, module, class or archive
//! by its position is looked at, and only a plain name is taken from it.

use super::program::{Runtime, file_name};

/// Longest name taken.
const NAME_BYTES: usize = 64;

/// What an interpreter's options tell about its command line.
struct Syntax {
    /// Options whose value is the next argument.
    with_value: &'static [&'static str],
    /// Options followed by code on the command line: there is no script.
    inline: &'static [&'static str],
    /// Options whose value names what runs.
    names: &'static [&'static str],
    /// Words before the script.
    verbs: &'static [&'static str],
}

const PYTHON: Syntax = Syntax {
    with_value: &["-W", "-X", "--check-hash-based-pycs"],
    inline: &["-c"],
    names: &["-m"],
    verbs: &[],
};
const NODE: Syntax = Syntax {
    with_value: &[
        "-r",
        "--require",
        "--import",
        "--loader",
        "--experimental-loader",
        "-C",
        "--conditions",
    ],
    inline: &["-e", "--eval", "-p", "--print"],
    names: &[],
    verbs: &[],
};
const DENO: Syntax = Syntax {
    with_value: &["-c", "--config", "--import-map", "-L", "--log-level"],
    inline: &["eval"],
    names: &[],
    verbs: &["run", "serve"],
};
const BUN: Syntax = Syntax {
    with_value: &["-r", "--preload", "--cwd", "-c", "--config"],
    inline: &["-e", "--eval"],
    names: &[],
    verbs: &["run"],
};
const JAVA: Syntax = Syntax {
    with_value: &[
        "-cp",
        "-classpath",
        "--class-path",
        "-p",
        "--module-path",
        "--add-modules",
    ],
    inline: &[],
    names: &["-jar", "-m", "--module"],
    verbs: &[],
};
const OTHER: Syntax = Syntax {
    with_value: &["-I", "-r", "-d"],
    inline: &["-c", "-e"],
    names: &["-f"],
    verbs: &["exec"],
};

/// The script's name, if `argv` runs one.
pub fn script_name(runtime: Runtime, argv: &[String]) -> Option<String> {
    let syntax = match runtime {
        Runtime::CPython | Runtime::PyPy => &PYTHON,
        Runtime::Node => &NODE,
        Runtime::Deno => &DENO,
        Runtime::Bun => &BUN,
        Runtime::Java => &JAVA,
        Runtime::Ruby | Runtime::Perl | Runtime::Php | Runtime::DotNet | Runtime::Shell => &OTHER,
    };
    let clusters = matches!(runtime, Runtime::CPython | Runtime::PyPy);
    let word = script_argument(syntax, clusters, argv.get(1..)?)?;
    plain_name(runtime, word)
}

fn script_argument<'a>(syntax: &Syntax, clusters: bool, args: &'a [String]) -> Option<&'a str> {
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        if syntax.inline.contains(&arg) || arg == "-" {
            return None;
        } else if syntax.names.contains(&arg) || arg == "--" {
            return args.next();
        } else if syntax.with_value.contains(&arg) {
            args.next();
        } else if clusters && arg.starts_with('-') && !arg.starts_with("--") {
            match cluster(arg) {
                Cluster::Flags => {}
                Cluster::TakesNext => drop(args.next()),
                Cluster::Inline => return None,
                Cluster::Module("") => return args.next(),
                Cluster::Module(name) => return Some(name),
            }
        } else if !arg.starts_with('-') && !syntax.verbs.contains(&arg) {
            return Some(arg);
        }
    }
    None
}

/// Python's short options may share a dash: `-um pkg`, `-Xdev`.
enum Cluster<'a> {
    Flags,
    TakesNext,
    Inline,
    Module(&'a str),
}

fn cluster(arg: &str) -> Cluster<'_> {
    for (at, option) in arg.char_indices().skip(1) {
        let rest = arg.get(at + option.len_utf8()..).unwrap_or_default();
        match option {
            'c' => return Cluster::Inline,
            'm' => return Cluster::Module(rest),
            'W' | 'X' if rest.is_empty() => return Cluster::TakesNext,
            'W' | 'X' => return Cluster::Flags,
            _ => {}
        }
    }
    Cluster::Flags
}

/// Endings that say what a script is written in, not what it is called.
const ENDINGS: [&str; 16] = [
    ".py", ".pyc", ".pyz", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tsx", ".rb", ".pl",
    ".php", ".sh", ".jar", ".dll",
];

fn plain_name(runtime: Runtime, word: &str) -> Option<String> {
    let name = match runtime {
        Runtime::Java if !word.ends_with(".jar") => word.rsplit(['.', '/']).next()?,
        // A module's package is what people call it.
        _ if !word.contains('/') && !ENDINGS.iter().any(|ending| word.ends_with(ending)) => {
            word.split('.').next()?
        }
        _ => file_name(word.trim_end_matches('/')),
    };
    let name = ENDINGS
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(name);
    let name = match name {
        "__main__" => file_name(word.rsplit_once('/')?.0),
        name => name,
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-+@".contains(c);
    (!name.is_empty() && name.len() <= NAME_BYTES && name.chars().all(plain))
        .then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(line: &str) -> Option<String> {
        let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let runtime = Runtime::of(file_name(&argv[0])).unwrap();
        script_name(runtime, &argv)
    }

    #[test]
    fn scripts_modules_and_archives() {
        for (line, expected) in [
            ("python app.py --key sk-1", "app"),
            ("python3 -u -W ignore /srv/bot.py", "bot"),
            ("/usr/bin/python3.11 -m pkg.sub --token x", "pkg"),
            ("python -um pkg", "pkg"),
            ("python -Xdev -Im pkg", "pkg"),
            ("python /srv/worker/__main__.py", "worker"),
            ("python3 /usr/local/bin/uvicorn main:app", "uvicorn"),
            ("node server.js", "server"),
            ("node --require ./x.js --inspect=0 dist/main.mjs", "main"),
            ("deno run --allow-net agent.ts", "agent"),
            ("bun run index.ts", "index"),
            ("java -Xmx1g -cp a.jar:b.jar com.example.Server", "Server"),
            ("java -jar /opt/chat-1.2.jar", "chat-1.2"),
            ("ruby bin/job.rb", "job"),
            ("bash /opt/run.sh secret", "run"),
        ] {
            assert_eq!(name(line).as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn code_on_the_command_line_has_no_name() {
        for line in [
            "python",
            "python -c import",
            "python -",
            "python -uc code",
            "node -e code",
            "bash -c curl",
            "deno eval code",
            "python api_key=sk-123",
        ] {
            assert_eq!(name(line), None, "{line}");
        }
    }
}
