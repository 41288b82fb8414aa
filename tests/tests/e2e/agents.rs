//! Real agents, unmodified: one trace per turn, with every call, attempt and tool in its place.

use anyhow::Result;
use tests::harness::{
    client,
    requirements::{
        Need::{self, Agent, Agents},
        agents_python_path, met,
    },
    scenario,
};

const NEEDS: [Need; 2] = [Agent, Agents];

/// Runs a script, and compares what is reported of it with the tree that must come of it.
fn agrees(script: &str, argument: &str, wanted: &str) -> Result<()> {
    if !met(&NEEDS) {
        return Ok(());
    }
    let script = format!("agents/{script}");
    let run = scenario::agrees(
        None,
        |provider| {
            let mut command = client::python_by(&agents_python_path(), &script, provider);
            command
                .arg(argument)
                .env("LANGSMITH_TRACING", "false")
                .env("OPENAI_AGENTS_DISABLE_TRACING", "1");
            Ok(command)
        },
        wanted,
    );
    run.map(drop)
}

/// Three turns in all: one with a tool, its session going on, one with an agent as a tool; a retry.
fn openai_agents(api: &str) -> Result<()> {
    agrees(
        "with_openai_agents.py",
        api,
        "
        trace
          invoke_agent A
            chat scout-steps-1 A
            execute_tool weather A
            chat scout-steps-1 <derived:messages A
        trace
          chat scout-steps-1 A
        trace
          invoke_agent B
            chat guide-steps-1 B
            execute_tool ask_scout B
              invoke_agent <inferred:tool_arguments C
                chat scout-steps-1 C
                execute_tool weather C
                chat scout-steps-1 <derived:messages C
            chat guide-steps-1 <derived:messages B
        trace
          attempts D
            chat retried-fail-429-once !rate_limit_exceeded <derived:status D
            chat retried-fail-429-once <observed:retry_count D
        ",
    )
}

#[test]
fn agents_of_openai_over_chat_completions() -> Result<()> {
    openai_agents("chat")
}

#[test]
fn agents_of_openai_over_responses() -> Result<()> {
    openai_agents("responses")
}

/// Two tools in a row, then the conversation goes on.
fn langgraph(sdk: &str, model: &str) -> Result<()> {
    let wanted = "
        trace
          invoke_agent A
            chat MODEL A
            execute_tool weather A
            chat MODEL <derived:messages A
            execute_tool weather A
            chat MODEL <derived:messages A
        trace
          chat MODEL A
        ";
    agrees("with_langgraph.py", sdk, &wanted.replace("MODEL", model))
}

#[test]
fn a_graph_of_langchain_over_openai() -> Result<()> {
    langgraph("openai", "graph-steps-2")
}

#[test]
fn a_graph_of_langchain_over_anthropic() -> Result<()> {
    langgraph("anthropic", "claude-graph-steps-2")
}

/// A search by a tool, and one that the program makes before it asks.
#[test]
fn a_search_before_an_answer() -> Result<()> {
    agrees(
        "with_retrieval.py",
        "",
        "
        trace
          invoke_agent A
            chat guide-steps-1 A
            execute_tool look_up A
              embeddings vectors-1 <inferred:tool_arguments
              retrieval vs_towns <inferred:tool_arguments
            chat guide-steps-1 <derived:messages A
        trace
          embeddings vectors-1
          retrieval vs_towns
          chat answers-1 B
        ",
    )
}
