//! Flags for those keys that have one, made from the registry.

use std::ffi::OsStr;

use clap::{
    Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches,
    builder::{PossibleValue, StringValueParser, TypedValueParser},
};

use super::{
    key::AnyKey,
    layers::{Layer, Origin},
    registry::KEYS,
    setting::Raw,
};

/// Values of the flags that were given.
#[derive(Debug, Clone, Default)]
pub struct SettingFlags(pub Layer);

/// The same for those keys alone that choose processes.
#[derive(Debug, Clone, Default)]
pub struct ProcessFlags(pub Layer);

impl Args for SettingFlags {
    fn augment_args(command: Command) -> Command {
        command.args(args_of(|_| true))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl Args for ProcessFlags {
    fn augment_args(command: Command) -> Command {
        command.args(args_of(|key| key.path().starts_with("processes.")))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn args_of(wanted: impl Fn(&dyn AnyKey) -> bool) -> impl Iterator<Item = Arg> {
    KEYS.iter()
        .filter(move |key| wanted(**key))
        .filter_map(|key| Some(arg(*key, key.flag()?)))
}

fn arg(key: &'static dyn AnyKey, flag: &'static str) -> Arg {
    Arg::new(flag)
        .long(flag)
        .value_name(key.value_name())
        .help(short_help(key))
        .long_help(long_help(key))
        .help_heading(heading(key.path()))
        .action(if key.repeats() {
            ArgAction::Append
        } else {
            ArgAction::Set
        })
        .value_parser(Words(key.choices()))
        .hide_possible_values(true)
}

/// The first sentence and the default.
fn short_help(key: &dyn AnyKey) -> String {
    let first = key
        .doc()
        .split_once(". ")
        .map_or(key.doc(), |(first, _)| first);
    let first = first.trim_end_matches('.');
    match key.default() {
        "" => first.to_owned(),
        default => format!("{first} [default: {default}]"),
    }
}

/// All there is to know.
fn long_help(key: &dyn AnyKey) -> String {
    let mut facts = vec![format!("expects: {}", key.expects())];
    if key.repeats() {
        facts.push("may be given several times".to_owned());
    }
    if !key.default().is_empty() {
        facts.push(format!("default: {}", key.default()));
    }
    let env = key.env().iter().map(|name| format!("env: {name}"));
    facts.extend(env.chain([format!("file: {}", key.path())]));
    format!("{}\n[{}]", key.doc(), facts.join("] ["))
}

/// Offers words to completion, but leaves judging to the key's type: a bad flag gives the same
/// message as a bad line in the file.
#[derive(Clone)]
struct Words(&'static [&'static str]);

impl TypedValueParser for Words {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        (!self.0.is_empty()).then(|| Box::new(self.0.iter().map(PossibleValue::new)) as Box<_>)
    }
}

fn heading(path: &str) -> &'static str {
    match path.split('.').next() {
        Some("capture") => "Capture",
        Some("processes") => "Which processes",
        Some("kubernetes") => "Kubernetes",
        Some("export" | "privacy") => "Output",
        _ => "The agent itself",
    }
}

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(layer(matches)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0 = layer(matches);
        Ok(())
    }
}

impl FromArgMatches for ProcessFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(layer(matches)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0 = layer(matches);
        Ok(())
    }
}

/// The flags that the command knows and that were given.
fn layer(matches: &ArgMatches) -> Layer {
    let mut layer = Layer::new();
    for key in KEYS {
        let Some(flag) = key.flag() else { continue };
        // A command without this flag, or with another of the same name, yields an error.
        let Ok(Some(values)) = matches.try_get_many::<String>(flag) else {
            continue;
        };
        let mut values: Vec<String> = values.cloned().collect();
        let raw = match (key.repeats(), values.pop()) {
            (_, None) => continue,
            (false, Some(value)) => Raw::One(value),
            (true, Some(last)) => {
                values.push(last);
                Raw::Many(values)
            }
        };
        layer.insert(key.path(), (raw, Origin::Flag(flag)));
    }
    layer
}
