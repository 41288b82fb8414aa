//! Arize Phoenix.

use std::{thread, time::Duration};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    api::Api,
    kept::{Kept, KeptEvent, members},
    server::{self, Server},
};
use crate::harness::{
    report::Report,
    requirements::{phoenix_python_path, workspace_root},
    rotel::free_port,
};

/// It reads prices anew every five seconds; what comes before that is priced by those it had.
const PRICES_KNOWN: Duration = Duration::from_secs(6);

/// A running server.
#[derive(Debug)]
pub struct Phoenix {
    /// Its API, and where it takes OTLP over HTTP.
    pub api: Api,
    server: Server,
    _folder: TempDir,
}

/// Sums of a trace or a session.
#[derive(Debug, Clone, PartialEq)]
pub struct Sums {
    /// Trace, in hexadecimal, or session.
    pub of: String,
    /// Input tokens.
    pub input: u64,
    /// Output tokens.
    pub output: u64,
}

impl Phoenix {
    /// Starts it with a database of its own.
    ///
    /// # Errors
    /// If it does not answer in time.
    pub fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = free_port()?;
        let script = "tests/clients/python/backends/phoenix_server.py";
        let mut command = server::command(&phoenix_python_path());
        command
            .arg(workspace_root().join(script))
            .env("PHOENIX_WORKING_DIR", folder.path())
            .env("PHOENIX_HOST", "127.0.0.1")
            .env("PHOENIX_PORT", port.to_string())
            .env("PHOENIX_GRPC_PORT", free_port()?.to_string())
            .env("PHOENIX_TELEMETRY_ENABLED", "false")
            .env("PHOENIX_ALLOW_EXTERNAL_RESOURCES", "false");
        let api = Api::at(port);
        let server = server::start(&mut command, api, "/v1/projects")?;
        Ok(Self {
            api,
            server,
            _folder: folder,
        })
    }

    /// Tells it what models cost, by a regular expression for their names: dollars for a million
    /// tokens of input and output. From then on, for it prices what comes when it comes.
    ///
    /// # Errors
    /// If it is refused.
    pub fn price(&self, models: &str, input: f64, output: f64) -> Result<()> {
        let cost = |kind: &str, of: &str, dollars: f64| json!({"tokenType": of, "costPerMillionTokens": dollars, "kind": kind});
        let query = "mutation ($input: CreateModelMutationInput!) \
             { createModel(input: $input) { model { id } } }";
        let model = json!({"input": {
            "name": "of the test",
            "namePattern": models,
            "costs": [cost("PROMPT", "input", input), cost("COMPLETION", "output", output)],
        }});
        let answer = self.query(query, &model)?;
        answer["createModel"]["model"]["id"]
            .as_str()
            .with_context(|| format!("no price is set: {answer}"))?;
        thread::sleep(PRICES_KNOWN);
        Ok(())
    }

    /// Spans of a project.
    ///
    /// # Errors
    /// If they cannot be read; that is so while there are none.
    pub fn spans(&self, project: &str) -> Result<Vec<Kept>> {
        let page = self
            .api
            .get(&format!("/v1/projects/{project}/spans?limit=1000"))?;
        rows(&page)?.iter().map(kept).collect()
    }

    /// Sums of the traces of a project.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn traces(&self, project: &str) -> Result<Vec<Sums>> {
        let page = self
            .api
            .get(&format!("/v1/projects/{project}/traces?limit=1000"))?;
        rows(&page)?
            .iter()
            .map(|row| sums(row, "trace_id"))
            .collect()
    }

    /// Sums of the sessions of a project.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn sessions(&self, project: &str) -> Result<Vec<Sums>> {
        let page = self
            .api
            .get(&format!("/v1/projects/{project}/sessions?limit=1000"))?;
        rows(&page)?
            .iter()
            .map(|row| sums(row, "session_id"))
            .collect()
    }

    /// What is said of a span of a project: name, annotator, label.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn annotations(&self, project: &str, span: &str) -> Result<Vec<[String; 3]>> {
        let path = format!("/v1/projects/{project}/span_annotations?span_ids={span}");
        let page = self.api.get(&path)?;
        let said = |row: &Value| -> Result<[String; 3]> {
            Ok([
                text(row, "name")?,
                text(row, "annotator_kind")?,
                text(&row["result"], "label")?,
            ])
        };
        rows(&page)?.iter().map(said).collect()
    }

    /// Tokens and dollars of a project, by its own prices.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn cost(&self, project: &str) -> Result<(f64, f64)> {
        let query = "query ($name: String!) { getProjectByName(name: $name) \
             { costSummary { total { tokens cost } } } }";
        let answer = self.query(query, &json!({ "name": project }))?;
        let total = &answer["getProjectByName"]["costSummary"]["total"];
        let tokens = total["tokens"].as_f64().context("no tokens")?;
        Ok((tokens, total["cost"].as_f64().unwrap_or_default()))
    }

    /// What the server said, for error messages.
    pub fn said(&self) -> String {
        self.server.said()
    }

    fn query(&self, query: &str, variables: &Value) -> Result<Value> {
        let body = json!({"query": query, "variables": variables});
        let answer = self.api.post("/graphql", &body)?;
        Ok(answer["data"].clone())
    }
}

fn rows(page: &Value) -> Result<&Vec<Value>> {
    page["data"].as_array().context("a page without data")
}

fn sums(row: &Value, id: &str) -> Result<Sums> {
    let count = |name: &str| row[name].as_u64().with_context(|| format!("no {name}"));
    Ok(Sums {
        of: text(row, id)?,
        input: count("token_count_prompt")?,
        output: count("token_count_completion")?,
    })
}

fn kept(row: &Value) -> Result<Kept> {
    let own = row["attributes"].as_object().context("no attributes")?;
    Ok(Kept {
        trace: text(&row["context"], "trace_id")?,
        span: text(&row["context"], "span_id")?,
        parent: row["parent_id"].as_str().map(str::to_owned),
        name: text(row, "name")?,
        kind: text(row, "span_kind")?,
        failed: text(row, "status_code")? == "ERROR",
        start: time(row, "start_time")?,
        end: time(row, "end_time")?,
        attributes: Report::new(own.clone()),
        events: KeptEvent::all(&row["events"], members),
    })
}

fn text(row: &Value, name: &str) -> Result<String> {
    let text = row[name].as_str();
    text.map(str::to_owned)
        .with_context(|| format!("no {name} in {row}"))
}

fn time(row: &Value, name: &str) -> Result<Duration> {
    let time: jiff::Timestamp = text(row, name)?.parse()?;
    Ok(time
        .duration_since(jiff::Timestamp::UNIX_EPOCH)
        .try_into()?)
}
