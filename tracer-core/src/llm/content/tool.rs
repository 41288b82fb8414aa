//! Tools that a request offers, in the words of every API.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    draft::Asked,
    model::ToolDefinition,
    wanted::{Schema, Tools},
    wire::{Raw, each, members, object, objects, text},
};
use crate::llm::json::Text;

/// A tool, or what of it stands in an object of its own.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tool<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    name: Text<'a>,
    description: Text<'a>,
    parameters: Raw<'a>,
    /// Anthropic, and MCP in its own spelling.
    input_schema: Raw<'a>,
    #[serde(rename = "inputSchema")]
    input_schema_camel: Raw<'a>,
    /// Gemini, where a schema is not in its own subset.
    #[serde(rename = "parametersJsonSchema")]
    json_schema: Raw<'a>,
    /// Cohere, version 1.
    parameter_definitions: Raw<'a>,
    function: Raw<'a>,
    custom: Raw<'a>,
    /// Bedrock.
    #[serde(rename = "toolSpec")]
    tool_spec: Raw<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Json<'a> {
    #[serde(borrow)]
    json: Raw<'a>,
}

/// The tools of a list.
pub(super) fn tell(tools: Raw<'_>, asked: &mut Asked) {
    asked.wanted.offer(tools, false);
    if asked.room.keeps_content() {
        objects(tools, |tool: Tool<'_>| tool.tell(asked));
    }
}

/// The tools of Gemini: groups of functions, and the provider's own by the name of a member.
pub(super) fn tell_groups<'a>(groups: Raw<'a>, asked: &mut Asked) {
    asked.wanted.offer(groups, true);
    if !asked.room.keeps_content() {
        return;
    }
    each(groups, |group: &'a RawValue| {
        members(Some(group), |name, value| match name {
            FUNCTIONS | FUNCTIONS_SNAKE => objects(value, |tool: Tool<'_>| tool.tell(asked)),
            _ => push(asked, name, None, None, None),
        });
    });
}

/// The schema of what a tool of this name is called with.
pub(super) fn schema(tools: &Tools, name: &str) -> Option<Schema> {
    let list: &RawValue = serde_json::from_str(&tools.text).ok()?;
    let mut found = None;
    let mut look = |tool: Tool<'_>| {
        if found.is_none() {
            found = tool.schema_of(name, tools.in_groups);
        }
    };
    if tools.in_groups {
        each(Some(list), |group: &RawValue| {
            members(Some(group), |name, value| {
                if matches!(name, FUNCTIONS | FUNCTIONS_SNAKE) {
                    objects(value, &mut look);
                }
            });
        });
    } else {
        objects(Some(list), look);
    }
    found
}

/// Google's name for a list of tools.
const FUNCTIONS: &str = "functionDeclarations";
/// The same.
const FUNCTIONS_SNAKE: &str = "function_declarations";

impl<'a> Tool<'a> {
    /// What stands in an object of its own.
    fn inner(&self) -> Option<Self> {
        let nested = [self.function, self.custom, self.tool_spec];
        nested.into_iter().find_map(object::<Tool<'a>>)
    }

    fn schema(&self) -> Raw<'a> {
        let schemas = [
            self.parameters,
            self.input_schema,
            self.input_schema_camel,
            self.json_schema,
            self.parameter_definitions,
        ];
        let schema = schemas.into_iter().flatten().next();
        // Bedrock wraps it once more.
        let wrapped = object::<Json<'_>>(schema).and_then(|wrapped| wrapped.json);
        wrapped.or(schema)
    }

    fn tell(&self, asked: &mut Asked) {
        let inner = self.inner();
        let spec = inner.as_ref().unwrap_or(self);
        let kind = self.kind.as_str().unwrap_or("function");
        push(
            asked,
            kind,
            spec.name.as_str(),
            spec.description.as_str(),
            spec.schema(),
        );
    }

    /// The schema, if the tool has this name and one that JSON can be checked against.
    fn schema_of(&self, name: &str, is_of_google: bool) -> Option<Schema> {
        let inner = self.inner();
        let spec = inner.as_ref().unwrap_or(self);
        if spec.name.as_str() != Some(name) || spec.parameter_definitions.is_some() {
            return None;
        }
        let schema = spec.schema()?.get();
        schema.starts_with('{').then(|| Schema {
            text: schema.into(),
            is_of_google: is_of_google && spec.parameters.is_some(),
        })
    }
}

fn push(
    asked: &mut Asked,
    kind: &str,
    name: Option<&str>,
    description: Option<&str>,
    schema: Raw<'_>,
) {
    let room = &mut asked.room;
    if room.admits_item() {
        let schema = schema.filter(|_| text(schema).is_none());
        asked.tools.push(ToolDefinition {
            kind: room.name(kind),
            name: name.map(|name| room.name(name)),
            description: description.map(|text| room.keep(text)),
            parameters: schema.map(|schema| room.keep(schema.get())),
        });
    }
}
