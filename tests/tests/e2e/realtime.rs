//! Sessions over WebSockets: every answer is a call, with the counts that the client was told.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use tests::harness::{
    client::{self, CLIENT_LIMIT},
    patience::settled,
    process::Process,
    report::Report,
    requirements::{
        Need::{Agent, Python},
        met,
    },
    scene::Scene,
};

/// Response id, input and output tokens, as the client prints them.
fn told(report: &Report) -> Option<String> {
    let count = |name| report.number(name).map(|count| count.to_string());
    Some(format!(
        "{} {} {}",
        report.text("gen_ai.response.id")?,
        count("gen_ai.usage.input_tokens").unwrap_or_default(),
        count("gen_ai.usage.output_tokens").unwrap_or_default(),
    ))
}

#[test]
fn usage_of_every_answer_of_a_session() -> Result<()> {
    if !met(&[Agent, Python]) {
        return Ok(());
    }
    let scene = Scene::start()?;
    let mut client = Process::start(&mut client::python("realtime.py", &scene.provider))?;
    client.succeed(CLIENT_LIMIT)?;
    let answers = client.stdout.all();
    let wanted: BTreeSet<&str> = answers.iter().map(String::as_str).collect();
    ensure!(wanted.len() == 20, "{} answers", wanted.len());
    let lines = settled(wanted.len(), || scene.agent.calls(&scene.provider));
    let spans = settled(wanted.len(), || scene.sink.reports_of(&scene.provider));
    for reports in [lines, spans] {
        let all: Vec<_> = reports.iter().filter_map(told).collect();
        let got: BTreeSet<&str> = all.iter().map(String::as_str).collect();
        ensure!(
            reports.len() == wanted.len() && got == wanted,
            "told {wanted:?}, reported {reports:#?}\n{}",
            scene.agent.process.said()
        );
        for report in &reports {
            for (name, wanted) in [
                ("gen_ai.operation.name", "chat"),
                ("gen_ai.provider.name", "openai"),
                ("gen_ai.request.model", "gpt-realtime"),
            ] {
                ensure!(report.text(name) == Some(wanted), "{name} of {report:?}");
            }
        }
    }
    Ok(())
}
