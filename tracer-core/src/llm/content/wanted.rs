//! Schemas that a request gives for what is answered, kept until the answer was checked.
//!
//! They are what the request says, and never leave: a check needs the text of a schema only if the
//! schema was not seen before, but which of the tools the model will ask for, nobody knows yet.

use serde::Deserialize;

use super::wire::{Raw, object, text};
use crate::llm::json::Text;

/// Bytes of schemas that are kept of one request; what goes beyond is not checked.
const ROOM: usize = 256 << 10;

/// What the answer shall be like.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Wanted {
    /// The form of its text.
    pub(crate) output: Option<Form>,
    /// The list of tools, as it was written.
    pub(crate) tools: Option<Tools>,
    /// Whether the model has to call a tool.
    pub(crate) choice: ToolChoice,
}

/// The form of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// Any JSON.
    Json,
    /// What is valid against this schema.
    Schema(Schema),
}

/// A schema as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schema {
    pub(crate) text: Box<str>,
    /// In Google's subset, which has names of its own for types.
    pub(crate) is_of_google: bool,
}

/// A list of tools as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tools {
    pub(super) text: Box<str>,
    /// Functions stand in groups.
    pub(super) in_groups: bool,
}

impl Wanted {
    /// Bytes that it holds.
    pub(super) fn held(&self) -> usize {
        let output = match &self.output {
            Some(Form::Schema(schema)) => schema.text.len(),
            Some(Form::Json) | None => 0,
        };
        output + self.tools.as_ref().map_or(0, |tools| tools.text.len())
    }

    /// Nothing can be checked.
    pub(super) const fn is_empty(&self) -> bool {
        self.output.is_none() && self.tools.is_none()
    }

    fn has_room(&self, text: &str) -> bool {
        self.held().saturating_add(text.len()) <= ROOM
    }

    /// The tools that are offered. Of several lists the first counts.
    pub(super) fn offer(&mut self, tools: Raw<'_>, in_groups: bool) {
        let Some(tools) = tools.map(|tools| tools.get()) else {
            return;
        };
        let has_schemas = tools.len() > 2 && self.tools.is_none();
        if has_schemas && self.has_room(tools) {
            self.tools = Some(Tools {
                text: tools.into(),
                in_groups,
            });
        }
    }

    /// How tools are chosen.
    pub(super) fn choose(&mut self, choice: Raw<'_>) {
        self.choice = match object::<Choice<'_>>(choice) {
            Some(choice) => choice.meaning(),
            None if matches!(text(choice).as_deref(), Some("required" | "any")) => ToolChoice::Any,
            None => ToolChoice::Free,
        };
    }

    /// A form in the words of OpenAI, and of those who took them over.
    pub(super) fn form(&mut self, form: Raw<'_>) {
        let Some(format) = object::<Format<'_>>(form) else {
            return;
        };
        let nested = object::<Format<'_>>(format.json_schema);
        let nested = nested.and_then(|nested| nested.schema);
        let schema = format.schema.or(nested);
        match format.kind.as_str() {
            Some("json_schema") => self.schema(schema.or(format.json_schema)),
            Some("json_object") if schema.is_some() => self.schema(schema),
            Some("json_object") => self.json(),
            // TGI.
            Some("json") => self.schema(format.value),
            _ => {}
        }
    }

    /// Any JSON will do.
    pub(super) fn json(&mut self) {
        self.output.get_or_insert(Form::Json);
    }

    /// What is valid against a schema, an object or a text with one.
    pub(super) fn schema(&mut self, schema: Raw<'_>) {
        self.schema_of(schema, false);
    }

    /// The same in Google's subset.
    pub(super) fn schema_of_google(&mut self, schema: Raw<'_>) {
        self.schema_of(schema, true);
    }

    fn schema_of(&mut self, schema: Raw<'_>, is_of_google: bool) {
        let quoted = text(schema);
        let written = schema.map(|schema| schema.get());
        let Some(text) = quoted.as_deref().or(written) else {
            return;
        };
        if text.starts_with('{') && self.has_room(text) {
            self.output = Some(Form::Schema(Schema {
                text: text.into(),
                is_of_google,
            }));
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Format<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    json_schema: Raw<'a>,
    #[serde(borrow)]
    schema: Raw<'a>,
    #[serde(borrow)]
    value: Raw<'a>,
}

/// Whether a model has to call a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ToolChoice {
    /// It may, or may not.
    #[default]
    Free,
    /// It has to call one of them.
    Any,
    /// It has to call this one: what it calls it with is the answer, and as a rule nobody runs it.
    One,
}

/// A choice of tools in the words of OpenAI, Anthropic, Bedrock and Google.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Choice<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    tool: Raw<'a>,
    #[serde(borrow)]
    any: Raw<'a>,
    #[serde(
        borrow,
        rename = "functionCallingConfig",
        alias = "function_calling_config"
    )]
    calling: Raw<'a>,
    #[serde(borrow)]
    mode: Text<'a>,
}

impl Choice<'_> {
    fn meaning(&self) -> ToolChoice {
        if let Some(calling) = object::<Choice<'_>>(self.calling) {
            return match calling.mode.as_str() {
                Some("ANY") => ToolChoice::Any,
                _ => ToolChoice::Free,
            };
        }
        match self.kind.as_str() {
            Some("function" | "tool" | "custom") => ToolChoice::One,
            Some("any") => ToolChoice::Any,
            _ if self.tool.is_some() => ToolChoice::One,
            _ if self.any.is_some() => ToolChoice::Any,
            _ => ToolChoice::Free,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Raw<'_> {
        Some(serde_json::from_str(json).expect("json"))
    }

    fn schema(json: &str) -> Option<String> {
        let mut wanted = Wanted::default();
        wanted.form(raw(json));
        match wanted.output? {
            Form::Json => Some("json".to_owned()),
            Form::Schema(schema) => Some(schema.text.into()),
        }
    }

    #[test]
    fn forms_are_asked_for_in_many_words() {
        for (form, wanted) in [
            (r#"{"type":"text"}"#, None),
            (r#"{"type":"json_object"}"#, Some("json")),
            (
                r#"{"type":"json_schema","json_schema":{"name":"n","schema":{"a":1}}}"#,
                Some(r#"{"a":1}"#),
            ),
            (
                r#"{"type":"json_schema","name":"n","schema":{"a":1}}"#,
                Some(r#"{"a":1}"#),
            ),
            (
                r#"{"type":"json_object","schema":{"a":1}}"#,
                Some(r#"{"a":1}"#),
            ),
            (r#"{"type":"json","value":{"a":1}}"#, Some(r#"{"a":1}"#)),
            (
                r#"{"type":"json_schema","schema":"{\"a\":1}"}"#,
                Some(r#"{"a":1}"#),
            ),
        ] {
            assert_eq!(schema(form).as_deref(), wanted, "{form}");
        }
    }

    #[test]
    fn who_has_to_call_a_tool_answers_by_it() {
        use ToolChoice::{Any, Free, One};
        for (choice, meaning) in [
            (r#""auto""#, Free),
            (r#""required""#, Any),
            (r#"{"type":"function","function":{"name":"auto"}}"#, One),
            (r#"{"type":"auto"}"#, Free),
            (r#"{"type":"any"}"#, Any),
            (r#"{"type":"tool","name":"n"}"#, One),
            (r#"{"auto":{}}"#, Free),
            (r#"{"any":{}}"#, Any),
            (r#"{"tool":{"name":"n"}}"#, One),
            (r#"{"functionCallingConfig":{"mode":"AUTO"}}"#, Free),
            (r#"{"functionCallingConfig":{"mode":"ANY"}}"#, Any),
        ] {
            let mut wanted = Wanted::default();
            wanted.choose(raw(choice));
            assert_eq!(wanted.choice, meaning, "{choice}");
        }
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let mut wanted = Wanted::default();
        let large = format!(r#"[{{"name":"{}"}}]"#, "x".repeat(ROOM));
        wanted.offer(raw(&large), false);
        assert!(wanted.is_empty());
    }
}
