//! The rules of the conventions' JSON schemas (1.41), as far as they bind whoever writes messages.

use serde_json::{Map, Value};

/// What is wrong with a document of this attribute; nothing if it is as the conventions want it.
pub fn errors(attribute: &str, document: &Value) -> Vec<String> {
    let mut check = Check::default();
    match attribute {
        "gen_ai.system_instructions" => check.each(document, Check::part),
        "gen_ai.input.messages" => check.each(document, |check, it| check.message(it, false)),
        "gen_ai.output.messages" => check.each(document, |check, it| check.message(it, true)),
        "gen_ai.tool.definitions" => check.each(document, Check::definition),
        "gen_ai.retrieval.documents" | "llm_tracer.request.documents" => {
            check.each(document, Check::document);
        }
        _ => {}
    }
    check.errors
}

#[derive(Default)]
struct Check {
    errors: Vec<String>,
}

type Object = Map<String, Value>;

impl Check {
    fn each(&mut self, list: &Value, mut one: impl FnMut(&mut Self, &Object)) {
        let Some(list) = list.as_array() else {
            return self.errors.push(format!("no list: {list}"));
        };
        for item in list {
            match item.as_object() {
                Some(item) => one(self, item),
                None => self.errors.push(format!("no object: {item}")),
            }
        }
    }

    fn message(&mut self, message: &Object, is_output: bool) {
        self.text(message, "role");
        if message.contains_key("name") {
            self.text(message, "name");
        }
        if is_output {
            self.text(message, "finish_reason");
        }
        match message.get("parts") {
            Some(parts) => self.each(parts, Self::part),
            None => self.errors.push("a message without parts".to_owned()),
        }
    }

    fn part(&mut self, part: &Object) {
        self.text(part, "type");
        let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
        let texts: &[&str] = match kind {
            "text" | "reasoning" => &["content"],
            "tool_call" | "server_tool_call" => &["name"],
            "blob" => &["modality", "content"],
            "file" => &["modality", "file_id"],
            "uri" => &["modality", "uri"],
            _ => &[],
        };
        for name in texts {
            self.text(part, name);
        }
        match kind {
            "tool_call_response" if !part.contains_key("response") => {
                self.errors.push(format!("no response: {part:?}"));
            }
            "server_tool_call" => self.typed(part, "server_tool_call"),
            "server_tool_call_response" => self.typed(part, "server_tool_call_response"),
            _ => {}
        }
        if let Some(id) = part.get("id")
            && !id.is_string()
        {
            self.errors.push(format!("an id that is no text: {id}"));
        }
    }

    fn typed(&mut self, part: &Object, name: &str) {
        match part.get(name).and_then(Value::as_object) {
            Some(inner) => self.text(inner, "type"),
            None => self.errors.push(format!("no {name}: {part:?}")),
        }
    }

    fn definition(&mut self, tool: &Object) {
        self.text(tool, "type");
        self.text(tool, "name");
        if tool.contains_key("description") {
            self.text(tool, "description");
        }
    }

    /// Of documents the schema asks for id and score; what a store does not tell is absent.
    fn document(&mut self, document: &Object) {
        if document.contains_key("id") {
            self.text(document, "id");
        }
        if document
            .get("score")
            .is_some_and(|score| !score.is_number())
        {
            self.errors
                .push(format!("a score that is no number: {document:?}"));
        }
    }

    fn text(&mut self, object: &Object, name: &str) {
        if !object.get(name).is_some_and(Value::is_string) {
            self.errors.push(format!("{name} is no text: {object:?}"));
        }
    }
}
