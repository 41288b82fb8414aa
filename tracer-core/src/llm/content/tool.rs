//! Tools that a request offers, in the words of every API.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    draft::Asked,
    model::ToolDefinition,
    wire::{Raw, members, object, objects, text},
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
    objects(tools, |tool: Tool<'_>| tool.tell(asked));
}

/// The tools of Gemini: groups of functions, and the provider's own by the name of a member.
pub(super) fn tell_groups<'a>(groups: Raw<'a>, asked: &mut Asked) {
    super::wire::each(groups, |group: &'a RawValue| {
        members(Some(group), |name, value| match name {
            "functionDeclarations" | "function_declarations" => tell(value, asked),
            _ => push(asked, name, None, None, None),
        });
    });
}

impl Tool<'_> {
    fn tell(&self, asked: &mut Asked) {
        let nested = [self.function, self.custom, self.tool_spec];
        let inner = nested.into_iter().find_map(object::<Tool<'_>>);
        let spec = inner.as_ref().unwrap_or(self);
        let schemas = [
            spec.parameters,
            spec.input_schema,
            spec.input_schema_camel,
            spec.json_schema,
            spec.parameter_definitions,
        ];
        let schema = schemas.into_iter().flatten().next();
        // Bedrock wraps it once more.
        let wrapped = object::<Json<'_>>(schema).and_then(|wrapped| wrapped.json);
        let kind = self.kind.as_str().unwrap_or("function");
        push(
            asked,
            kind,
            spec.name.as_str(),
            spec.description.as_str(),
            wrapped.or(schema),
        );
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
