//! MLflow's tracking server.

use std::{fmt::Write as _, time::Duration};

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::{
    api::Api,
    kept::{Kept, KeptEvent},
    server::{self, Server},
};
use crate::harness::{report::Report, requirements::mlflow_python_path, rotel::free_port};

/// A running server.
#[derive(Debug)]
pub struct Mlflow {
    /// Its API, and where it takes OTLP over HTTP.
    pub api: Api,
    server: Server,
    _folder: TempDir,
}

/// A trace as a whole.
#[derive(Debug, Clone)]
pub struct Trace {
    /// In hexadecimal.
    pub id: String,
    /// `OK`, `ERROR` or `IN_PROGRESS`.
    pub state: String,
    /// Its name in lists.
    pub name: Option<String>,
    /// `mlflow.trace.session`.
    pub session: Option<String>,
    /// `mlflow.trace.user`.
    pub user: Option<String>,
    /// Input and output tokens.
    pub tokens: Option<(u64, u64)>,
    /// Dollars.
    pub cost: Option<f64>,
}

impl Mlflow {
    /// Starts it with a database of its own.
    ///
    /// # Errors
    /// If it does not answer in time.
    pub fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = free_port()?;
        let store = format!("sqlite:///{}", folder.path().join("mlflow.db").display());
        let mut command = server::command(&mlflow_python_path());
        command
            .args(["-m", "mlflow", "server", "--host", "127.0.0.1"])
            .args(["--port", &port.to_string(), "--workers", "1"])
            .args(["--backend-store-uri", &store, "--default-artifact-root"])
            .arg(folder.path().join("artifacts"))
            .env("MLFLOW_DISABLE_TELEMETRY", "true")
            .env("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
            .env("DO_NOT_TRACK", "true");
        let api = Api::at(port);
        let server = server::start(&mut command, api, "/health")?;
        Ok(Self {
            api,
            server,
            _folder: folder,
        })
    }

    /// Traces of a service, in the experiment that every server has.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn traces(&self, service: &str) -> Result<Vec<Trace>> {
        let of = json!({"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}});
        let body = json!({"locations": [of], "max_results": 500});
        let page = self.api.post("/api/3.0/mlflow/traces/search", &body)?;
        let rows = page["traces"].as_array();
        let rows = rows.into_iter().flatten();
        rows.filter(|row| row["tags"]["service.name"] == service)
            .map(trace)
            .collect()
    }

    /// Spans of a trace.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn spans(&self, trace: &str) -> Result<Vec<Kept>> {
        let path = format!("/api/3.0/mlflow/traces/get?trace_id=tr-{trace}");
        let page = self.api.get(&path)?;
        let rows = page["trace"]["spans"].as_array();
        rows.into_iter().flatten().map(kept).collect()
    }

    /// What is said of a span of a trace: name, kind of the source, value.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn assessments(&self, trace: &str, span: &str) -> Result<Vec<[String; 3]>> {
        let path = format!("/api/3.0/mlflow/traces/get?trace_id=tr-{trace}");
        let page = self.api.get(&path)?;
        let rows = page["trace"]["trace_info"]["assessments"].as_array();
        let rows = rows.into_iter().flatten();
        let said = |row: &Value| -> Result<[String; 3]> {
            Ok([
                text(row, "assessment_name")?,
                text(&row["source"], "source_type")?,
                text(&row["feedback"], "value")?,
            ])
        };
        rows.filter(|row| row["span_id"] == span)
            .map(said)
            .collect()
    }

    /// What the server said, for error messages.
    pub fn said(&self) -> String {
        self.server.said()
    }
}

fn trace(row: &Value) -> Result<Trace> {
    let said = |name: &str| row["trace_metadata"][name].as_str();
    let parsed = |name: &str| -> Option<Value> { serde_json::from_str(said(name)?).ok() };
    let tokens = parsed("mlflow.trace.tokenUsage");
    let cost = parsed("mlflow.trace.cost");
    let id = text(row, "trace_id")?;
    Ok(Trace {
        id: id.strip_prefix("tr-").unwrap_or(&id).to_owned(),
        state: text(row, "state")?,
        name: row["tags"]["mlflow.traceName"].as_str().map(str::to_owned),
        session: said("mlflow.trace.session").map(str::to_owned),
        user: said("mlflow.trace.user").map(str::to_owned),
        tokens: tokens
            .and_then(|it| Some((it["input_tokens"].as_u64()?, it["output_tokens"].as_u64()?))),
        cost: cost.and_then(|cost| cost["total_cost"].as_f64()),
    })
}

fn kept(row: &Value) -> Result<Kept> {
    let own = pairs(&row["attributes"]);
    let status = row["status"]["code"].as_str().unwrap_or_default();
    let kind = own.get("mlflow.spanType").and_then(Value::as_str);
    let nanos = |name: &str| {
        let nanos = row[name].as_u64();
        nanos.map(Duration::from_nanos).context("no time of a span")
    };
    let id = |name: &str| row[name].as_str().map(hexadecimal);
    Ok(Kept {
        trace: id("trace_id").context("no trace")?,
        span: id("span_id").context("no span")?,
        parent: id("parent_span_id"),
        name: text(row, "name")?,
        kind: kind.unwrap_or_default().to_owned(),
        failed: status.ends_with("ERROR"),
        start: nanos("start_time_unix_nano")?,
        end: nanos("end_time_unix_nano")?,
        attributes: Report::new(own),
        events: KeptEvent::all(&row["events"], pairs),
    })
}

/// Attributes in the form of OTLP.
fn pairs(list: &Value) -> Map<String, Value> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(|pair| Some((pair["key"].as_str()?.to_owned(), value(&pair["value"]))))
        .collect()
}

fn value(any: &Value) -> Value {
    let Some((kind, value_of)) = any.as_object().and_then(|any| any.iter().next()) else {
        return Value::Null;
    };
    match kind.as_str() {
        "array_value" => {
            let values = value_of["values"].as_array().into_iter().flatten();
            values.map(value).collect()
        }
        "kvlist_value" => Value::Object(pairs(&value_of["values"])),
        _ => value_of.clone(),
    }
}

/// An id, which stands in base 64, in hexadecimal.
fn hexadecimal(base64: &str) -> String {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = base64
        .bytes()
        .filter_map(|digit| DIGITS.bytes().position(|it| it == digit))
        .flat_map(|digit| (0..6).rev().map(move |bit| (digit >> bit) & 1));
    let bits: Vec<_> = bits.collect();
    let mut text = String::new();
    for byte in bits.chunks_exact(8) {
        let byte = byte.iter().fold(0, |byte, bit| byte << 1 | bit);
        // A text takes everything.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn text(row: &Value, name: &str) -> Result<String> {
    let text = row[name].as_str();
    text.map(str::to_owned)
        .with_context(|| format!("no {name} in {row}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_from_base_64() {
        assert_eq!(hexadecimal("t61rcWkgMzE="), "b7ad6b7169203331");
        assert_eq!(hexadecimal("APBnqgupArc="), "00f067aa0ba902b7");
    }
}
