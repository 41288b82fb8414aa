//! A judge of Phoenix, whose judgement is told of the call that it judged: in a line, to Phoenix and to
//! MLflow, and beside it what another program posts of that call.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tests::{
    backends::{mlflow::Mlflow, phoenix::Phoenix},
    harness::{
        agent::{Agent, Launch},
        client,
        patience::until,
        process::Process,
        report::Report,
        requirements::{Backend, Need, met, phoenix_python_path},
    },
    provider::running::Provider,
};

const PATIENCE: Duration = Duration::from_secs(60);
const SERVICE: &str = "judged";

/// A call that was judged.
struct Judged {
    trace: String,
    span: String,
    _provider: Provider,
    _agent: Agent,
}

/// Has a call judged, with a backend behind the tracer, and posts what it is worth besides.
fn judged(backend: &str, endpoint: &str) -> Result<Judged> {
    let provider = Provider::start("")?;
    let agent = Launch::json()?
        .otlp(endpoint, "http/protobuf")
        .argument("--backend")
        .argument(backend)
        .variable("LLM_TRACER_EVALUATIONS_RECEIVE", "true")
        .start()?;
    let script = "backends/phoenix_judge.py";
    let mut command = client::python_by(&phoenix_python_path(), script, &provider);
    command.env("OTEL_SERVICE_NAME", SERVICE);
    Process::start(&mut command)?.succeed(PATIENCE)?;
    let is_judgement = |event: &Report| event.text("gen_ai.evaluation.name") == Some("judgement");
    let event = until(PATIENCE, || {
        agent.found_later().into_iter().find(|it| is_judgement(it))
    });
    let event = event.with_context(|| format!("{:#?}", agent.process.stdout.all()))?;
    ensure!(
        event.text("gen_ai.evaluation.score.label") == Some("correct")
            && event.text("llm_tracer.evaluation.confidence") == Some("inferred")
            && event.text("gen_ai.evaluation.explanation").is_none(),
        "{event:#?}"
    );
    let [trace, span] = ["trace_id", "span_id"].map(|name| event.text(name).unwrap_or_default());
    let calls = agent.calls(&provider);
    let [answered, judge] = calls.as_slice() else {
        anyhow::bail!("{calls:#?}")
    };
    ensure!(answered.text("span_id") == Some(span), "{answered:#?}");
    ensure!(
        judge.text("llm_tracer.judgement.label") == Some("correct")
            && answered.text("llm_tracer.judgement.label").is_none(),
        "{judge:#?}"
    );
    let posted = json!({"trace_id": trace, "span_id": span, "name": "Relevance",
        "score": 0.9, "label": "relevant"});
    let answer = agent.post("/v1/evaluations", &posted)?;
    ensure!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    Ok(Judged {
        trace: trace.to_owned(),
        span: span.to_owned(),
        _provider: provider,
        _agent: agent,
    })
}

/// Waits until both evaluations are kept.
fn kept(ask: impl Fn() -> Result<Vec<[String; 3]>>, of_judge: &str) -> Result<()> {
    let wanted = [
        ["Relevance", "CODE", "relevant"],
        ["judgement", of_judge, "correct"],
    ];
    let is_there = || {
        let mut said = ask().ok()?;
        said.sort();
        (said == wanted).then_some(())
    };
    until(PATIENCE, is_there).with_context(|| format!("{:?}", ask()))
}

#[test]
fn phoenix_keeps_what_was_judged() -> Result<()> {
    if !met(&[Need::Agent, Need::Backend(Backend::Phoenix)]) {
        return Ok(());
    }
    let phoenix = Phoenix::start()?;
    let judged = judged("phoenix", &phoenix.api.url())?;
    kept(|| phoenix.annotations(SERVICE, &judged.span), "LLM").with_context(|| phoenix.said())
}

#[test]
fn mlflow_keeps_what_was_judged() -> Result<()> {
    let needs = [Backend::Phoenix, Backend::Mlflow].map(Need::Backend);
    if !met(&[Need::Agent]) || !met(&needs) {
        return Ok(());
    }
    let mlflow = Mlflow::start()?;
    let judged = judged("mlflow", &mlflow.api.url())?;
    let ask = || mlflow.assessments(&judged.trace, &judged.span);
    kept(ask, "LLM_JUDGE").with_context(|| mlflow.said())
}
