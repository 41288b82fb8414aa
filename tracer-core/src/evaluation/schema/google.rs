//! Google's subset of OpenAPI schemas, made JSON Schema: types in capitals, and `nullable`.
//!
//! <https://ai.google.dev/api/caching#Schema>.

use serde_json::{Map, Value};

const TYPES: [(&str, &str); 7] = [
    ("STRING", "string"),
    ("NUMBER", "number"),
    ("INTEGER", "integer"),
    ("BOOLEAN", "boolean"),
    ("ARRAY", "array"),
    ("OBJECT", "object"),
    ("NULL", "null"),
];

/// Rewrites a schema and all that it holds.
pub(super) fn to_json_schema(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(to_json_schema),
        Value::Object(members) => {
            members.values_mut().for_each(to_json_schema);
            rewrite(members);
        }
        _ => {}
    }
}

fn rewrite(schema: &mut Map<String, Value>) {
    let is_nullable = schema.get("nullable") == Some(&Value::Bool(true));
    let Some(Value::String(kind)) = schema.get_mut("type") else {
        return;
    };
    let known = TYPES.iter().find(|(google, _)| google == kind);
    if let Some((_, name)) = known {
        *kind = (*name).to_owned();
    }
    if is_nullable {
        let types = vec![Value::from(kind.as_str()), Value::from("null")];
        schema.insert("type".to_owned(), Value::Array(types));
        if let Some(Value::Array(values)) = schema.get_mut("enum") {
            values.push(Value::Null);
        }
    }
    // Numbers are written as text: a check would be of the text.
    for bound in ["minItems", "maxItems", "minLength", "maxLength"] {
        if let Some(Value::String(number)) = schema.get(bound)
            && let Ok(number) = number.parse::<u64>()
        {
            schema.insert(bound.to_owned(), number.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_have_other_names() {
        let mut schema = json!({"type": "OBJECT", "properties": {
            "type": {"type": "STRING", "nullable": true, "enum": ["a"]},
            "list": {"type": "ARRAY", "minItems": "2", "items": {"type": "INTEGER"}}}});
        to_json_schema(&mut schema);
        let rewritten = json!({"type": "object", "properties": {
            "type": {"type": ["string", "null"], "nullable": true, "enum": ["a", null]},
            "list": {"type": "array", "minItems": 2, "items": {"type": "integer"}}}});
        assert_eq!(schema, rewritten);
    }
}
