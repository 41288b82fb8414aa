//! Real backends: what agents did, exported to Phoenix and MLflow and read back through their APIs,
//! field by field, and their sums against the provider's ledger.

use std::{collections::BTreeSet, fs, time::Duration};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use tests::{
    backends::{compare::compare, kept::Kept, mlflow::Mlflow, phoenix::Phoenix},
    harness::{
        agent::{Agent, Launch},
        client,
        patience::{settled, until},
        process::Process,
        report::Report,
        requirements::{
            Backend,
            Need::{self, Agents},
            agents_python_path, met,
        },
    },
    provider::{ledger::Entry, running::Provider},
};

const PATIENCE: Duration = Duration::from_secs(60);
/// The service that the agents of the test are, and who uses them.
const SERVICE: &str = "travel";
const USER: &str = "jane";
/// What their models cost, in dollars for a million tokens of input and of output.
const PRICE: (f64, f64) = (2.0, 8.0);
const PRICES: &str = r#"
[[price]]
model = "scout-*"
input = 2
output = 8
[[price]]
model = "guide-*"
input = 2
output = 8
[[price]]
model = "retried-*"
input = 2
output = 8
"#;
/// The same models, as a regular expression.
const MODELS: &str = "(scout|guide|retried)-.*";
/// How close sums of dollars must be.
const BELOW: f64 = 1e-9;
/// Spans of the agents: a turn and what it holds, a call, a turn with an agent as a tool, attempts.
const SPANS: usize = 4 + 1 + 8 + 3;

/// Agents that were traced, with a backend behind the tracer.
struct Traced {
    provider: Provider,
    agent: Agent,
    pid: u64,
    _prices: TempDir,
}

/// Runs agents: three turns, two tools, an agent as a tool, a call that is tried again.
fn traced(backend: &str, endpoint: &str) -> Result<Traced> {
    let prices = tempfile::tempdir()?;
    let file = prices.path().join("prices.toml");
    fs::write(&file, PRICES)?;
    let provider = Provider::start("")?;
    let agent = Launch::json()?
        .otlp(endpoint, "http/protobuf")
        .argument("--backend")
        .argument(backend)
        .variable("LLM_TRACER_COST_PRICES", &file.display().to_string())
        .variable("LLM_TRACER_ATTRIBUTION_USER", "resource:enduser.id")
        .start()?;
    let script = "agents/with_openai_agents.py";
    let mut command = client::python_by(&agents_python_path(), script, &provider);
    command
        .arg("chat")
        .env("OPENAI_AGENTS_DISABLE_TRACING", "1")
        .env("OTEL_SERVICE_NAME", SERVICE)
        .env("OTEL_RESOURCE_ATTRIBUTES", format!("enduser.id={USER}"));
    let mut client = Process::start(&mut command)?;
    let pid = u64::from(client.id());
    client.succeed(PATIENCE)?;
    Ok(Traced {
        provider,
        agent,
        pid,
        _prices: prices,
    })
}

impl Traced {
    /// All spans of the agents, as the tracer says it has sent them.
    fn sent(&self) -> Result<Vec<Report>> {
        let sent = settled(SPANS, || {
            let lines = self.agent.process.stdout.all();
            let reports = lines.iter().filter_map(|line| Report::from_line(line));
            reports
                .filter(|report| report.number("pid") == Some(self.pid))
                .collect()
        });
        ensure!(sent.len() == SPANS, "{sent:#?}");
        Ok(sent)
    }

    /// What was answered, by the provider's ledger: input, output, dollars.
    fn served(&self) -> (u64, u64, f64) {
        let entries = self.provider.ledger.entries();
        let sum = |of: fn(&Entry) -> Option<u64>| entries.iter().filter_map(of).sum::<u64>();
        let (input, output) = (sum(|it| it.tokens.input), sum(|it| it.tokens.output));
        (
            input,
            output,
            (input as f64 * PRICE.0 + output as f64 * PRICE.1) / 1e6,
        )
    }
}

/// Waits until as many spans are kept as were sent.
fn kept(ask: impl Fn() -> Result<Vec<Kept>>) -> Result<Vec<Kept>> {
    // A project may not be there before its first span.
    until(PATIENCE, || (ask().ok()?.len() >= SPANS).then_some(()));
    ask()
}

/// What spans are taken for, by the first word of their names.
fn kinds(spans: &[Kept]) -> BTreeSet<(&str, &str)> {
    let words = spans.iter().map(|it| {
        let word = it.name.split(' ').next();
        (word.unwrap_or_default(), it.kind.as_str())
    });
    words.collect()
}

/// Asserts that all spans have an attribute.
fn told(spans: &[Kept], name: &str, value: &str) -> Result<()> {
    for span in spans {
        ensure!(
            span.attributes.text(name) == Some(value),
            "{name} of {span:#?}"
        );
    }
    Ok(())
}

#[test]
fn phoenix_keeps_what_was_sent() -> Result<()> {
    if !met(&[Need::Agent, Agents, Need::Backend(Backend::Phoenix)]) {
        return Ok(());
    }
    let phoenix = Phoenix::start()?;
    phoenix.price(MODELS, PRICE.0, PRICE.1)?;
    let traced = traced("phoenix", &phoenix.api.url())?;
    let sent = traced.sent()?;
    let spans = kept(|| phoenix.spans(SERVICE)).with_context(|| phoenix.said())?;
    // It keeps microseconds, and rounds fractions of them.
    compare(&sent, &spans, Duration::from_nanos(1500))?;
    let wanted = BTreeSet::from([
        ("attempts", "CHAIN"),
        ("chat", "LLM"),
        ("execute_tool", "TOOL"),
        ("invoke_agent", "AGENT"),
    ]);
    ensure!(kinds(&spans) == wanted, "{:?}", kinds(&spans));
    told(&spans, "user.id", USER)?;
    for span in spans.iter().filter(|span| span.kind == "LLM") {
        let same = |theirs, ours| span.attributes.get(theirs) == span.attributes.get(ours);
        ensure!(
            same("llm.token_count.prompt", "gen_ai.usage.input_tokens")
                && same("llm.token_count.completion", "gen_ai.usage.output_tokens")
                && same("llm.request.model_name", "gen_ai.request.model")
                && same("llm.response.model_name", "gen_ai.response.model")
                && same("llm.cost.total", "llm_tracer.cost.amount"),
            "{span:#?}"
        );
    }
    for span in spans.iter().filter(|span| span.kind == "TOOL") {
        let tool = span.attributes.text("tool.name");
        ensure!(tool == span.attributes.text("gen_ai.tool.name"), "{span:?}");
    }

    let (input, output, dollars) = traced.served();
    for sums in [phoenix.traces(SERVICE)?, phoenix.sessions(SERVICE)?] {
        let read: (u64, u64) = (
            sums.iter().map(|it| it.input).sum(),
            sums.iter().map(|it| it.output).sum(),
        );
        ensure!(read == (input, output), "{read:?} in {sums:#?}");
    }
    let cost = until(Duration::from_secs(10), || {
        let (tokens, cost) = phoenix.cost(SERVICE).ok()?;
        ((cost - dollars).abs() < BELOW && tokens == (input + output) as f64).then_some(())
    });
    ensure!(
        cost.is_some(),
        "{:?}, not {dollars}",
        phoenix.cost(SERVICE)?
    );
    Ok(())
}

#[test]
fn mlflow_keeps_what_was_sent() -> Result<()> {
    if !met(&[Need::Agent, Agents, Need::Backend(Backend::Mlflow)]) {
        return Ok(());
    }
    let mlflow = Mlflow::start()?;
    let traced = traced("mlflow", &mlflow.api.url())?;
    let sent = traced.sent()?;
    let all = || -> Result<Vec<Kept>> {
        let traces = mlflow.traces(SERVICE)?;
        let spans: Result<Vec<_>> = traces.iter().map(|it| mlflow.spans(&it.id)).collect();
        Ok(spans?.concat())
    };
    let spans = kept(all).with_context(|| mlflow.said())?;
    compare(&sent, &spans, Duration::ZERO)?;
    let wanted = BTreeSet::from([
        ("attempts", "CHAIN"),
        ("chat", "CHAT_MODEL"),
        ("execute_tool", "TOOL"),
        ("invoke_agent", "AGENT"),
    ]);
    ensure!(kinds(&spans) == wanted, "{:?}", kinds(&spans));
    told(&spans, "user.id", USER)?;
    for span in spans.iter().filter(|span| span.kind == "CHAT_MODEL") {
        let tokens = span.attributes.get("mlflow.chat.tokenUsage");
        let count = |name| tokens.and_then(|it| it.get(name)?.as_u64());
        let own = |name| span.attributes.number(name);
        ensure!(
            count("input_tokens") == own("gen_ai.usage.input_tokens")
                && count("output_tokens") == own("gen_ai.usage.output_tokens"),
            "{span:#?}"
        );
    }

    let traces = mlflow.traces(SERVICE)?;
    for trace in &traces {
        ensure!(
            trace.state == "OK" && trace.user.as_deref() == Some(USER),
            "{trace:?}"
        );
        let root = spans
            .iter()
            .find(|it| it.trace == trace.id && it.parent.is_none());
        let root = root.with_context(|| format!("no root: {trace:?}"))?;
        ensure!(trace.name.as_ref() == Some(&root.name), "{trace:?}");
        let session = root.attributes.text("session.id");
        ensure!(trace.session.as_deref() == session, "{trace:?}");
    }
    let (input, output, dollars) = traced.served();
    let tokens = traces.iter().filter_map(|it| it.tokens);
    let read = tokens.fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
    ensure!(read == (input, output), "{read:?} in {traces:#?}");
    let cost: f64 = traces.iter().filter_map(|it| it.cost).sum();
    ensure!((cost - dollars).abs() < BELOW, "{cost}, not {dollars}");
    Ok(())
}
