use std::{collections::BTreeSet, ffi::OsString, path::Path};

use clap::{CommandFactory, FromArgMatches, Parser};
use tracer_core::{attribution::AttributionRules, llm::content::ContentCapture};

use super::{
    choices::ReaderPriority,
    effective::Config,
    environment, file,
    flags::SettingFlags,
    key::AnyKey,
    layers::{Layer, Layers, Origin},
    print,
    registry::{EXCHANGE_CAP, KEYS},
    setting::Raw,
};
use crate::cli::Cli;

fn from_file(text: &str) -> Layer {
    file::parse(Path::new("c.toml"), text).unwrap()
}

fn from_environment(variables: &[(&str, &str)]) -> Layer {
    environment::layer(|name| {
        let found = variables.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| OsString::from(value))
    })
}

fn from_flags(args: &[&str]) -> Layer {
    let args = ["tracer-agent", "run"].iter().chain(args);
    let matches = Cli::command().try_get_matches_from(args).unwrap();
    let run = matches.subcommand_matches("run").unwrap();
    SettingFlags::from_arg_matches(run).unwrap().0
}

/// A value of each key that is not its default.
fn sample(key: &dyn AnyKey) -> &'static str {
    match (key.path(), key.value_name()) {
        ("budgets", _) => "search=team=search 100 USD per day",
        (_, "SOURCE") => "header:x-team",
        (_, "DIMENSION") => "team",
        ("providers", _) => "llm.example.com=openai",
        (_, "RULES") => "ids",
        ("agent.drop_privileges", _) => "false",
        // Alone it lacks the node.
        ("kubernetes.enabled", _) => "false",
        (_, "BOOL") => "true",
        ("processes.include" | "processes.exclude", _) => "exe:/usr/bin/*",
        ("capture.kernel_log", _) => "debug",
        ("agent.log", _) => "warn",
        (_, "SIZE") => "2MiB",
        (_, "TIME") => "7s",
        (_, "CLASS") => "rt:5",
        (_, "WHEN") => "never",
        (_, "PATH") => "/opt/thing",
        (_, "N") => "42",
        (_, "PATTERN") => "/usr/bin/python*",
        (_, "EXPORTER") => "none",
        (_, "PLACE") => "event",
        (_, "BACKEND") => "phoenix",
        (_, "SIGNAL") => "both",
        (_, "CHECK") => "truncated",
        (_, "NAME=VALUE") => "a=b",
        (_, "URL") => "http://collector:4318",
        (_, "PROTOCOL") => "grpc",
        (_, "COMPRESSION") => "gzip",
        (_, "TEMPORALITY") => "delta",
        (_, "FORMAT") => "json",
        (_, "ADDRESS") => "127.0.0.1:1",
        (_, "NAME") => "x-team",
        (_, "KEY") => "example.com/team",
        (_, "HOST") => "10.96.0.1",
        (_, "PORT") => "6443",
        (path, name) => panic!("no sample for {path} ({name})"),
    }
}

/// The sample as a line of the file.
fn sample_line(key: &dyn AnyKey) -> String {
    match key.normalise(&Raw::One(sample(key).to_owned())).unwrap() {
        normal @ Raw::Pairs(_) => format!("{} = {normal}", key.path()),
        _ => format!("{} = '{}'", key.path(), sample(key)),
    }
}

#[test]
fn every_source_gives_the_same_value() {
    for key in KEYS.iter().copied() {
        let expected = key.normalise(&Raw::One(sample(key).to_owned())).unwrap();
        let mut sources = vec![from_file(&sample_line(key))];
        sources.extend(
            key.env()
                .iter()
                .map(|name| from_environment(&[(name, sample(key))])),
        );
        sources.extend(
            key.flag()
                .map(|flag| from_flags(&[&format!("--{flag}"), sample(key)])),
        );
        assert!(
            sources.len() > 1,
            "{} has neither variable nor flag",
            key.path()
        );
        for source in sources {
            let layers = Layers::new([source]);
            let (value, origin) = layers.describe(key).unwrap();
            assert_eq!(value, expected, "{} from {origin}", key.path());
            assert_ne!(origin, Origin::Default, "{}", key.path());
            Config::resolve(&layers).unwrap();
        }
    }
}

#[test]
fn flags_beat_environment_beats_file_beats_default() {
    let flag = || from_flags(&["--exchange-cap", "1MiB"]);
    let environment = || from_environment(&[("LLM_TRACER_EXCHANGE_CAP", "2MiB")]);
    let file = || from_file("[capture]\nexchange_cap = '3MiB'");
    let none = Layer::new;
    for (layers, mebibytes) in [
        ([flag(), environment(), file()], 1),
        ([none(), environment(), file()], 2),
        ([none(), none(), file()], 3),
        ([none(), none(), none()], 4),
        ([flag(), none(), file()], 1),
    ] {
        let size = Layers::new(layers).get(&EXCHANGE_CAP).unwrap().0;
        assert_eq!(size.0, mebibytes << 20);
    }
}

#[test]
fn flags_variables_and_keys_are_the_same_set() {
    let of_run: BTreeSet<String> = Cli::command()
        .find_subcommand("run")
        .unwrap()
        .get_arguments()
        .filter_map(|arg| arg.get_long().map(str::to_owned))
        .collect();
    let mut of_keys: BTreeSet<String> = KEYS
        .iter()
        .filter_map(|key| key.flag())
        .map(str::to_owned)
        .collect();
    of_keys.insert("config".to_owned());
    assert_eq!(of_run, of_keys);

    let constants: BTreeSet<&str> = include_str!("../env_vars.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("pub const ")?.split(':').next())
        .collect();
    let mut of_keys: BTreeSet<&str> = KEYS.iter().flat_map(|key| key.env()).copied().collect();
    of_keys.extend(["LLM_TRACER_CONFIG", "OTEL_SERVICE_NAME"]);
    assert_eq!(constants, of_keys);

    let paths: BTreeSet<&str> = KEYS.iter().map(|key| key.path()).collect();
    assert_eq!(paths.len(), KEYS.len(), "a key stands twice in the table");
}

#[test]
fn the_printed_configuration_is_a_file_that_gives_it_again() {
    let text: String = KEYS.iter().map(|key| sample_line(*key) + "\n").collect();
    let layers = Layers::new([from_file(&text)]);
    let printed = print::effective(&layers).unwrap();
    let again = Layers::new([from_file(&printed)]);
    let shown = |key: &&dyn AnyKey| !key.hides(&Raw::One(sample(*key).to_owned()));
    for key in KEYS.iter().copied().filter(shown) {
        assert_eq!(
            again.describe(key).unwrap().0,
            layers.describe(key).unwrap().0,
            "{}",
            key.path()
        );
    }
    assert_eq!(
        print::effective(&Layers::default())
            .unwrap()
            .lines()
            .count(),
        KEYS.len()
    );
}

#[test]
fn secrets_are_never_shown() {
    let secret = [(
        "OTEL_EXPORTER_OTLP_HEADERS",
        "authorization=Bearer%20canary",
    )];
    let layers = Layers::new([from_environment(&secret)]);
    assert!(!print::effective(&layers).unwrap().contains("canary"));
    assert!(!format!("{:?}", Config::resolve(&layers).unwrap()).contains("canary"));

    let malformed = [("OTEL_EXPORTER_OTLP_HEADERS", "canary")];
    let error = Config::resolve(&Layers::new([from_environment(&malformed)])).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
}

#[test]
fn lists_come_from_repetition_and_commas() {
    let pids = |layer| {
        Config::resolve(&Layers::new([layer]))
            .unwrap()
            .processes
            .pids
    };
    assert_eq!(pids(from_flags(&["--pid", "1,2", "--pid", "3"])), [1, 2, 3]);
    assert_eq!(
        pids(from_environment(&[("LLM_TRACER_PIDS", "1, 2,3")])),
        [1, 2, 3]
    );
    assert_eq!(pids(from_file("[processes]\npids = [1, 2, 3]")), [1, 2, 3]);
}

#[test]
fn the_core_gets_what_concerns_it() {
    let config = Config::resolve(&Layers::new([from_file(
        "[capture]\nexchange_cap = '1MiB'\n[privacy]\nkeep_headers = ['X-Team']\n\
         [providers]\n'llm.example.com' = 'openai'",
    )]));
    let pipeline = config
        .unwrap()
        .pipeline(&AttributionRules::default(), ContentCapture::Off)
        .unwrap();
    assert_eq!(pipeline.body_bytes, 1 << 20);
    assert_eq!(pipeline.headers.extra().collect::<Vec<_>>(), ["x-team"]);
    assert_eq!(pipeline.hosts.len(), 1);
}

#[test]
fn unknown_variables_are_told_but_not_those_of_kubernetes() {
    let names = [
        "LLM_TRACER_RNG_SIZE",
        "LLM_TRACER_PORT_80_TCP",
        "LLM_TRACER_SERVICE_HOST",
        "HOME",
    ];
    let unknown = environment::unknown(names.into_iter().map(OsString::from));
    assert_eq!(
        unknown,
        [(
            "LLM_TRACER_RNG_SIZE".to_owned(),
            Some("LLM_TRACER_RING_SIZE")
        )]
    );
}

#[test]
fn reader_priorities() {
    let priority = |text| Config::resolve(&Layers::new([from_flags(&["--reader-priority", text])]));
    assert_eq!(
        priority("rt:7").unwrap().capture.reader_priority,
        ReaderPriority::RealTime(7)
    );
    assert_eq!(
        priority("none").unwrap().capture.reader_priority,
        ReaderPriority::Normal
    );
    for bad in ["rt:0", "rt:100", "rt:", "fifo"] {
        assert!(priority(bad).is_err(), "{bad}");
    }
}

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
    assert!(Cli::try_parse_from(["tracer-agent", "run", "--no-such-flag"]).is_err());
}

#[test]
fn an_endpoint_with_a_query_is_not_shown() {
    let layers = Layers::new([from_environment(&[(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "https://host/?key=canary",
    )])]);
    let text = print::effective(&layers).unwrap();
    assert!(text.contains("# export.otlp.endpoint is set"), "{text}");
    assert!(!text.contains("canary"), "{text}");
}
