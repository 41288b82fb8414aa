//! Calls for people: one line each, in columns.

use std::{fmt, io::Write, time::Duration};

use anstyle::{AnsiColor, Style};
use jiff::tz::TimeZone;
use tracer_core::{
    detect::Role,
    llm::call::{CallFacts, CaptureState, Outcome},
    semconv::{
        Event, Value,
        attributes::{
            ERROR_TYPE, GEN_AI_EVALUATION_NAME, GEN_AI_EVALUATION_SCORE_LABEL,
            GEN_AI_EVALUATION_SCORE_VALUE,
        },
    },
    text::is_invisible,
    time::Timestamp,
};

use super::lines::{LineEvent, LineFormat, LineItem};

const FAILED: Style = AnsiColor::Red.on_default();
const DOUBTFUL: Style = AnsiColor::Yellow.on_default();
const HEADER: Style = Style::new().dimmed();
const PLAIN: Style = Style::new();

const WIDTH_TIME: usize = 12;
const WIDTH_PROCESS: usize = 22;
const WIDTH_PROVIDER: usize = 12;
const WIDTH_MODEL: usize = 28;
const WIDTH_NOTE: usize = 40;

/// Writes aligned columns; red for a call that failed, yellow for one that was cut off or not
/// seen as a whole.
#[derive(Debug)]
pub struct Terminal {
    colour: bool,
    zone: TimeZone,
}

impl Terminal {
    /// Times in the host's time zone.
    pub fn new(colour: bool) -> Self {
        Self {
            colour,
            zone: TimeZone::system(),
        }
    }

    /// Whether to colour: only on a terminal that is not `dumb`, and not if `NO_COLOR` is set to
    /// anything but nothing (<https://no-color.org>).
    pub fn wants_colour(is_terminal: bool, no_color: Option<&str>, term: Option<&str>) -> bool {
        is_terminal && no_color.is_none_or(str::is_empty) && term != Some("dumb")
    }

    fn write(&self, style: Style, line: fmt::Arguments<'_>, out: &mut Vec<u8>) {
        // Writing to a vector does not fail.
        let _ = match self.colour && style != PLAIN {
            true => writeln!(out, "{style}{line}{style:#}"),
            false => writeln!(out, "{line}"),
        };
    }

    fn time(&self, time: Timestamp) -> String {
        let time = jiff::Timestamp::from_nanosecond(time.unix_nanos().into()).unwrap_or_default();
        time.to_zoned(self.zone.clone())
            .strftime("%H:%M:%S%.3f")
            .to_string()
    }
}

impl LineFormat for Terminal {
    fn header(&mut self, out: &mut Vec<u8>) {
        let line = format!(
            "{:WIDTH_TIME$}  {:WIDTH_PROCESS$}  {:WIDTH_PROVIDER$}  {:WIDTH_MODEL$}  \
             {:>6}  {:>7}  {:>7}  {:>7}  {:>7}",
            "time", "process", "provider", "model", "status", "total", "first", "in", "out",
        );
        self.write(HEADER, format_args!("{line}"), out);
    }

    fn line(&mut self, item: &LineItem, out: &mut Vec<u8>) {
        let Some(call) = &item.call else { return };
        let facts = call.facts();
        let model = facts
            .response
            .model
            .as_ref()
            .or(facts.request.model.as_ref());
        let line = format!(
            "{:WIDTH_TIME$}  {:WIDTH_PROCESS$}  {:WIDTH_PROVIDER$}  {:WIDTH_MODEL$}  \
             {:>6}  {:>7}  {:>7}  {:>7}  {:>7}  {}",
            self.time(facts.timing.end),
            process(&item.process.name, item.process.pid),
            fit(&facts.provider.0, WIDTH_PROVIDER),
            fit(model.map_or("-", String::as_str), WIDTH_MODEL),
            or_dash(facts.response.status),
            duration(facts.timing.end.since(facts.timing.start)),
            facts
                .timing
                .first_chunk
                .map_or_else(dash, |at| duration(at.since(facts.timing.start))),
            or_dash(facts.usage.input),
            or_dash(facts.usage.output),
            note(facts),
        );
        self.write(style(facts), format_args!("{}", line.trim_end()), out);
    }

    fn event(&mut self, found: &LineEvent, out: &mut Vec<u8>) {
        let text = |name: &str| match attribute(&found.event, name)? {
            Value::Str(text) => Some(fit(text, WIDTH_NOTE)),
            Value::Double(number) => Some(number.to_string()),
            _ => None,
        };
        let parts = [
            text(GEN_AI_EVALUATION_SCORE_LABEL),
            text(GEN_AI_EVALUATION_SCORE_VALUE),
            text(ERROR_TYPE),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        let line = format!(
            "{:WIDTH_TIME$}  {:WIDTH_PROCESS$}  {:WIDTH_PROVIDER$}  {:WIDTH_MODEL$}  {} of {:016x}",
            self.time(found.event.time),
            process(&found.process.name, found.process.pid),
            "evaluation",
            fit(
                &text(GEN_AI_EVALUATION_NAME).unwrap_or_default(),
                WIDTH_MODEL
            ),
            parts.join(" "),
            found.span.0,
        );
        self.write(PLAIN, format_args!("{line}"), out);
    }
}

fn attribute<'a>(event: &'a Event, name: &str) -> Option<&'a Value> {
    let mut attributes = event.attributes.iter();
    attributes.find_map(|(own, value)| (own == name).then_some(value))
}

fn style(facts: &CallFacts) -> Style {
    match (&facts.outcome, facts.capture) {
        (Outcome::Failed { .. }, _) => FAILED,
        (Outcome::Cancelled, _) => DOUBTFUL,
        (Outcome::Success, CaptureState::Complete) => PLAIN,
        (Outcome::Success, _) => DOUBTFUL,
    }
}

/// What a reader must know before believing the figures.
fn note(facts: &CallFacts) -> String {
    let notes = [side(facts).to_owned(), doubts(facts)];
    let said: Vec<String> = notes.into_iter().filter(|note| !note.is_empty()).collect();
    said.join(" ")
}

const fn side(facts: &CallFacts) -> &'static str {
    match facts.role {
        Role::Client => "",
        Role::Server => "served",
    }
}

fn doubts(facts: &CallFacts) -> String {
    let outcome = match &facts.outcome {
        Outcome::Success => String::new(),
        Outcome::Failed { error_type } => fit(error_type, WIDTH_NOTE),
        Outcome::Cancelled => "cancelled".to_owned(),
    };
    let capture = match facts.capture {
        CaptureState::Complete => return outcome,
        CaptureState::Headers => "[headers: not all were seen]",
        CaptureState::Open => "[open: not over when the agent stopped looking]",
        CaptureState::Gap => "[gap: not all was seen]",
        CaptureState::Truncated => "[truncated: not all was read]",
        CaptureState::Undecodable => "[undecodable body]",
    };
    if outcome.is_empty() {
        capture.to_owned()
    } else {
        format!("{outcome} {capture}")
    }
}

/// `name[pid]`, the name shortened so that the pid always shows.
fn process(name: &str, pid: u32) -> String {
    let pid = format!("[{pid}]");
    format!(
        "{}{pid}",
        fit(name, WIDTH_PROCESS.saturating_sub(pid.len()))
    )
}

fn dash() -> String {
    "-".to_owned()
}

fn or_dash(value: Option<impl fmt::Display>) -> String {
    value.map_or_else(dash, |value| value.to_string())
}

/// `87ms`, `1.23s`, `12.3s`, `4m05s`.
fn duration(time: Duration) -> String {
    let millis = time.as_millis();
    match millis {
        0..1_000 => format!("{millis}ms"),
        1_000..9_995 => format!("{:.2}s", time.as_secs_f64()),
        9_995..99_950 => format!("{:.1}s", time.as_secs_f64()),
        _ => format!("{}m{:02}s", time.as_secs() / 60, time.as_secs() % 60),
    }
}

/// At most `width` characters of `text`, without any that could move the cursor, colour the
/// terminal or reorder the line: names of models and processes come from outside.
fn fit(text: &str, width: usize) -> String {
    let mut visible = text.chars().filter(|&c| !is_invisible(c));
    let mut short: String = visible.by_ref().take(width).collect();
    if visible.next().is_some() {
        short.pop();
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::samples;

    fn render(items: &[LineItem], colour: bool) -> String {
        let mut terminal = Terminal {
            colour,
            zone: TimeZone::UTC,
        };
        let mut out = Vec::new();
        terminal.header(&mut out);
        for item in items {
            terminal.line(item, &mut out);
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_are_aligned_and_marked() {
        insta::assert_snapshot!(render(&samples::all(), false));
    }

    #[test]
    fn what_is_found_later_names_its_span() {
        let mut terminal = Terminal {
            colour: false,
            zone: TimeZone::UTC,
        };
        let mut out = Vec::new();
        terminal.event(&samples::late(), &mut out);
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }

    #[test]
    fn colour_marks_failures_and_doubts() {
        let text = render(&samples::all(), true);
        assert!(
            text.lines()
                .any(|line| line.starts_with("\u{1b}[31m") && line.contains("rate_limit"))
        );
        assert!(
            text.lines()
                .any(|line| line.starts_with("\u{1b}[33m") && line.contains("[gap"))
        );
    }

    #[test]
    fn text_from_outside_cannot_touch_the_terminal() {
        let mut facts = samples::chat();
        facts.request.model = Some("evil\u{1b}[2J\u{202e}\r\nmodel".into());
        facts.response.model = None;
        let text = render(&[samples::item(facts)], false);
        assert!(text.contains("evil[2Jmodel"), "{text}");
        assert_eq!(text.lines().count(), 2);
    }

    #[test]
    fn colour_obeys_the_terminal_and_no_color() {
        assert!(Terminal::wants_colour(true, None, Some("xterm")));
        assert!(Terminal::wants_colour(true, Some(""), None));
        assert!(!Terminal::wants_colour(true, Some("1"), None));
        assert!(!Terminal::wants_colour(true, None, Some("dumb")));
        assert!(!Terminal::wants_colour(false, None, None));
    }

    #[test]
    fn durations_fit_their_column() {
        let shown = |millis| duration(Duration::from_millis(millis));
        assert_eq!(shown(0), "0ms");
        assert_eq!(shown(999), "999ms");
        assert_eq!(shown(1_234), "1.23s");
        assert_eq!(shown(9_994), "9.99s");
        assert_eq!(shown(9_996), "10.0s");
        assert_eq!(shown(245_000), "4m05s");
    }

    #[test]
    fn long_names_are_cut_but_the_pid_stays() {
        assert_eq!(
            process("a-very-long-process-name", 1_234_567),
            "a-very-long-…[1234567]"
        );
        assert_eq!(fit("short", 5), "short");
        assert_eq!(fit("longer", 5), "long…");
    }
}
