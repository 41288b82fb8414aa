//! OpenAI responses.

use super::{
    answer::Answer,
    failure::{Failure, Spelling},
    ledger::{Tokens, Tool},
    openai_chat::chunks_before_failure,
};

/// Fills in the answer.
pub fn answer(answer: &mut Answer<'_>) {
    let asked = answer.asked;
    answer.entry.response_id = Some(format!("resp_{}", answer.unique));
    answer.entry.response_model = Some(asked.response_model());
    answer.entry.tools = (0..asked.options.tools)
        .map(|index| Tool {
            id: answer.tool_id("call_", index),
            name: asked.tool.clone(),
        })
        .collect();
    if asked.stream {
        stream(answer)
    } else {
        whole(answer)
    }
}

fn whole(answer: &mut Answer<'_>) {
    let tokens = answer.asked.tokens();
    let output = finished_items(answer, &answer.text(0).to_string());
    let body = object(
        answer,
        final_status(answer),
        &output,
        &usage(&tokens),
        "null",
    );
    answer.frames.put(format_args!("{body}"));
    answer.frames.end();
    answer.entry.tokens = tokens;
}

fn final_status(answer: &Answer<'_>) -> &'static str {
    if answer.asked.options.truncated {
        "incomplete"
    } else {
        "completed"
    }
}

fn stream(answer: &mut Answer<'_>) {
    let tokens = answer.asked.tokens();
    let mut events = Events::default();
    let begun = object(answer, "in_progress", "", "null", "null");
    events.response(answer, "response.created", &begun);
    events.response(answer, "response.in_progress", &begun);
    let text = if answer.entry.tools.is_empty() {
        events.message(answer)
    } else {
        events.tools(answer)
    };
    if answer.asked.options.failure == Some(Failure::InStream) {
        return events.fail(answer);
    }
    let status = final_status(answer);
    let output = finished_items(answer, &text);
    let ended = object(answer, status, &output, &usage(&tokens), "null");
    events.response(answer, &format!("response.{status}"), &ended);
    answer.entry.tokens = tokens;
}

/// Numbers the events of one stream.
#[derive(Default)]
struct Events {
    sequence: usize,
}

impl Events {
    fn event(&mut self, answer: &mut Answer<'_>, kind: &str, rest: std::fmt::Arguments<'_>) {
        let sequence = self.sequence;
        answer.frames.named_event(
            kind,
            format_args!(r#"{{"type":"{kind}","sequence_number":{sequence},{rest}}}"#),
        );
        self.sequence += 1;
    }

    fn response(&mut self, answer: &mut Answer<'_>, kind: &str, response: &str) {
        self.event(answer, kind, format_args!(r#""response":{response}"#));
    }

    /// One message in deltas; returns its text.
    fn message(&mut self, answer: &mut Answer<'_>) -> String {
        let id = format!("msg_{}", answer.unique);
        let item = format!(
            r#"{{"id":"{id}","type":"message","status":"in_progress","content":[],"role":"assistant"}}"#
        );
        self.event(
            answer,
            "response.output_item.added",
            format_args!(r#""output_index":0,"item":{item}"#),
        );
        let at = format!(r#""item_id":"{id}","output_index":0,"content_index":0"#);
        let part = r#"{"type":"output_text","annotations":[],"logprobs":[],"text":""}"#;
        self.event(
            answer,
            "response.content_part.added",
            format_args!(r#"{at},"part":{part}"#),
        );
        let mut text = String::new();
        for chunk in 0..chunks_before_failure(answer) {
            let piece = answer.text(chunk).to_string();
            self.event(
                answer,
                "response.output_text.delta",
                format_args!(r#"{at},"delta":"{piece}","logprobs":[]"#),
            );
            text.push_str(&piece);
        }
        if answer.asked.options.failure.is_none() {
            self.event(
                answer,
                "response.output_text.done",
                format_args!(r#"{at},"text":"{text}","logprobs":[]"#),
            );
            let item = message_item(answer, &text);
            self.event(
                answer,
                "response.output_item.done",
                format_args!(r#""output_index":0,"item":{item}"#),
            );
        }
        text
    }

    fn tools(&mut self, answer: &mut Answer<'_>) -> String {
        for index in 0..answer.entry.tools.len() {
            let begun = tool_item(answer, index, "in_progress", "");
            self.event(
                answer,
                "response.output_item.added",
                format_args!(r#""output_index":{index},"item":{begun}"#),
            );
            let at = format!(
                r#""item_id":"fc_{}x{index}","output_index":{index}"#,
                answer.unique
            );
            let arguments = answer.tool_arguments(index);
            self.event(
                answer,
                "response.function_call_arguments.delta",
                format_args!(r#"{at},"delta":"{arguments}""#),
            );
            self.event(
                answer,
                "response.function_call_arguments.done",
                format_args!(r#"{at},"arguments":"{arguments}""#),
            );
            let item = tool_item(answer, index, "completed", &arguments);
            self.event(
                answer,
                "response.output_item.done",
                format_args!(r#""output_index":{index},"item":{item}"#),
            );
        }
        String::new()
    }

    fn fail(&mut self, answer: &mut Answer<'_>) {
        let spelling = Spelling::in_stream(answer.asked.api);
        let code = spelling.code.unwrap_or_default();
        let error = format!(
            r#"{{"code":"{code}","message":"the server had an error{}"}}"#,
            answer.secret
        );
        let failed = object(answer, "failed", "", "null", &error);
        self.response(answer, "response.failed", &failed);
        answer.entry.error_types = spelling.error_types(None);
        answer.entry.error_types.push("failed".to_owned());
    }
}

fn finished_items(answer: &Answer<'_>, text: &str) -> String {
    if answer.entry.tools.is_empty() {
        return message_item(answer, text);
    }
    let items = (0..answer.entry.tools.len())
        .map(|i| tool_item(answer, i, "completed", &answer.tool_arguments(i)));
    items.collect::<Vec<_>>().join(",")
}

fn message_item(answer: &Answer<'_>, text: &str) -> String {
    format!(
        r#"{{"id":"msg_{}","type":"message","status":"completed","content":[{{"type":"output_text","annotations":[],"logprobs":[],"text":"{text}"}}],"role":"assistant"}}"#,
        answer.unique
    )
}

fn tool_item(answer: &Answer<'_>, index: usize, status: &str, arguments: &str) -> String {
    let Some(Tool { id, name }) = answer.entry.tools.get(index) else {
        return String::new();
    };
    format!(
        r#"{{"id":"fc_{}x{index}","type":"function_call","status":"{status}","arguments":"{arguments}","call_id":"{id}","name":"{name}"}}"#,
        answer.unique
    )
}

fn object(answer: &Answer<'_>, status: &str, output: &str, usage: &str, error: &str) -> String {
    let asked = answer.asked;
    let incomplete = if status == "incomplete" {
        r#"{"reason":"max_output_tokens"}"#
    } else {
        "null"
    };
    format!(
        r#"{{"id":"resp_{}","object":"response","created_at":1760000000,"status":"{status}","error":{error},"incomplete_details":{incomplete},"instructions":null,"max_output_tokens":null,"model":"{}","output":[{output}],"parallel_tool_calls":true,"previous_response_id":null,"service_tier":"default","store":false,"temperature":1.0,"text":{{"format":{{"type":"text"}}}},"tool_choice":"auto","tools":[],"top_p":1.0,"truncation":"disabled","usage":{usage},"metadata":{{}}}}"#,
        answer.unique,
        asked.response_model(),
    )
}

fn usage(tokens: &Tokens) -> String {
    let [input, output, cached, reasoning] = [
        tokens.input,
        tokens.output,
        tokens.cache_read,
        tokens.reasoning,
    ]
    .map(Option::unwrap_or_default);
    format!(
        r#"{{"input_tokens":{input},"input_tokens_details":{{"cached_tokens":{cached}}},"output_tokens":{output},"output_tokens_details":{{"reasoning_tokens":{reasoning}}},"total_tokens":{}}}"#,
        input + output
    )
}
