//! Assistants of the terminal, unmodified: one trace per turn, with every call, tool and agent in its
//! place, and the session that they name themselves.

use anyhow::{Result, ensure};
use tests::harness::{
    assistants::{CLAUDE_CODE, CODEX, claude_code, codex},
    requirements::{
        Need::{Agent, Native},
        met, native_program,
    },
    scenario::agrees,
};

/// Runs Claude Code with a model that asks for tools.
fn claude(model: &str, wanted: &str) -> Result<()> {
    if !met(&[Agent, Native(CLAUDE_CODE)]) {
        return Ok(());
    }
    let home = tempfile::tempdir()?;
    let spans = agrees(
        Some(&native_program(CLAUDE_CODE)),
        |provider| Ok(claude_code(provider, home.path(), model, "Agent Bash Read")),
        &wanted.replace("MODEL", model),
    )?;
    for span in spans {
        let source = span.report.text("llm_tracer.session.source");
        ensure!(source == Some("x-claude-code-session-id"), "{span:#?}");
    }
    Ok(())
}

#[test]
fn a_turn_of_claude_code() -> Result<()> {
    claude(
        "claude-local-1-use-Bash.Read-steps-2",
        "
        trace
          invoke_agent A
            chat MODEL A
            execute_tool Bash A
            chat MODEL <derived:messages A
            execute_tool Read A
            chat MODEL <derived:messages A
        ",
    )
}

/// Agents ask agents, as deep as they may.
#[test]
fn agents_of_claude_code() -> Result<()> {
    claude(
        "claude-local-1-use-Agent.Bash-steps-1",
        "
        trace
          invoke_agent A
            chat MODEL A
            execute_tool Agent A
              invoke_agent <inferred:tool_arguments A
                chat MODEL A
                execute_tool Agent A
                  invoke_agent <inferred:tool_arguments A
                    chat MODEL A
                    execute_tool Agent A
                      invoke_agent <inferred:tool_arguments A
                        chat MODEL A
                        execute_tool Bash A
                        chat MODEL <derived:messages A
                    chat MODEL <derived:messages A
                chat MODEL <derived:messages A
            chat MODEL <derived:messages A
        ",
    )
}

#[test]
fn a_turn_of_codex() -> Result<()> {
    if !met(&[Agent, Native(CODEX)]) {
        return Ok(());
    }
    let home = tempfile::tempdir()?;
    let model = "gpt-4o-mini-use-exec_command-steps-2";
    let wanted = "
        trace
          invoke_agent A
            chat MODEL A
            execute_tool exec_command A
            chat MODEL <derived:messages A
            execute_tool exec_command A
            chat MODEL <derived:messages A
        ";
    let spans = agrees(
        Some(&native_program(CODEX)),
        |provider| Ok(codex(provider, home.path(), model)),
        &wanted.replace("MODEL", model),
    )?;
    for span in spans {
        let source = span.report.text("llm_tracer.session.source");
        ensure!(source == Some("session-id"), "{span:#?}");
    }
    Ok(())
}
