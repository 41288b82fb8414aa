//! From arguments to a report.

use std::process::ExitCode;

use anyhow::Context;

use super::{
    kernel, kubernetes,
    report::{Answer, Report, SCHEMA_VERSION},
    running,
    text::Text,
    traceable::{self, Traceable},
};
use crate::{
    capture::{discover, features::Features, plan::Returns},
    cli::{DoctorArgs, ReportFormat},
    commands::output,
    config::choices::ReturnProbes,
    host::{process::Inspector, procfs::ProcFs},
};

/// Prints the report; succeeds if this host can be traced.
pub fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let report = examine(args)?;
    output::print(match args.format {
        ReportFormat::Text => Text(&report).to_string(),
        ReportFormat::Json => format!("{}\n", serde_json::to_string_pretty(&report)?),
    })?;
    Ok(if report.can_trace {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn examine(args: &DoctorArgs) -> anyhow::Result<Report> {
    let config = args.resolve()?;
    // Before anything else: the probes of features fork a child.
    let features = Features::probe();
    let proc = ProcFs::new(&config.agent.proc);
    let returns = match config.capture.return_probes {
        ReturnProbes::Auto => features.returns(),
        ReturnProbes::Never => Returns::Plain,
    };
    let mut survey = discover::survey(proc.root(), returns).with_context(|| {
        format!(
            "cannot list processes in {}: mount proc there or set `agent.proc`",
            proc.root().display()
        )
    })?;
    let (own, only) = (std::process::id(), &config.processes.pids);
    survey.retain(|it| it.pid != own && (only.is_empty() || only.contains(&it.pid)));
    let inspector = Inspector::new(proc);
    let (running_agent, seen) = running::ask(config.metrics_listen);
    let Traceable {
        files,
        processes,
        without_tls,
        unreadable,
    } = traceable::sort(&survey, &inspector, &config.processes, &seen);
    let mut report = Report {
        schema_version: SCHEMA_VERSION,
        can_trace: true,
        problems: Vec::new(),
        agent: kernel::agent(),
        kernel: kernel::kernel(&features),
        capabilities: kernel::capabilities(),
        limits: kernel::limits(),
        kubernetes: config
            .kubernetes
            .as_ref()
            .map(kubernetes::look)
            .transpose()?,
        running_agent,
        files,
        processes,
        without_tls,
        unreadable,
    };
    judge(&mut report);
    Ok(report)
}

/// Says what stands in the way.
fn judge(report: &mut Report) {
    let answer = |name: &str| {
        let feature = report
            .kernel
            .features
            .iter()
            .find(|feature| feature.name == name);
        feature.map_or(Answer::Unknown, |feature| feature.support)
    };
    let mut blocking = Vec::new();
    if !report.agent.ebpf_program {
        blocking.push(crate::capture::object::NoObject.to_string());
    }
    for line in report
        .capabilities
        .iter()
        .filter(|line| line.required && !line.held)
    {
        blocking.push(format!(
            "{} is missing: run as root or grant it, to {}",
            line.name, line.purpose
        ));
    }
    if answer("ring_buffer") == Answer::No {
        blocking.push("the kernel has no eBPF ring buffer: use Linux 5.17 or later".into());
    }
    let ways = [
        "uprobe_session",
        "uprobe_multi",
        "perf_uprobe",
        "plain_uprobe",
    ];
    if ways.iter().all(|way| answer(way) == Answer::No) {
        blocking.push("no way to attach probes works: see the reasons under Kernel".into());
    }
    let mut notes = Vec::new();
    if report.agent.root_pid_namespace == Some(false) {
        notes.push(
            "the agent runs in a pid namespace of its own, but the kernel reports process ids of \
             the root one: start it with hostPID or --pid=host"
                .to_owned(),
        );
    }
    if let Some(first) = report.unreadable.first() {
        notes.push(format!(
            "not looked at: {} (process {first}{}); it takes CAP_SYS_PTRACE and no security module against it",
            report.unreadable.len(),
            if report.unreadable.len() > 1 { " and others" } else { "" },
        ));
    }
    if let Some(kubernetes) = &report.kubernetes
        && let Some(reason) = &kubernetes.reason
    {
        let api = &kubernetes.api;
        notes.push(format!(
            "the Kubernetes API at {api} does not tell of pods, so calls go without their names: {reason}"
        ));
    }
    report.can_trace = blocking.is_empty();
    report.problems = blocking.into_iter().chain(notes).collect();
}
