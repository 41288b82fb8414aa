//! Replicate `POST /v1/predictions`, `/v1/models/{owner}/{name}/predictions` and
//! `/v1/deployments/{owner}/{name}/predictions`.
//!
//! <https://replicate.com/docs/reference/http>. A model of any kind runs in the background, unless the
//! caller waits (`Prefer: wait`): then the answer has counts. Else `GET /v1/predictions/{id}` tells how
//! it goes, and in the end the counts, which belong to the call that began it. What a running one says
//! is fetched from an address of its own, see [`super::replicate_stream`].

use serde::Deserialize;

use super::{
    adapter::{
        Adapter, AnswerContext, Certainty, Endpoint, RequestContext, RequestRead, has_member,
    },
    request_line::RequestLine,
};
use crate::llm::{
    answer::Answer,
    call::{Operation, RequestFacts},
    error_body::UNNAMED,
    json::{Count, Filled, Flag, Integer, Number, Object, Text, Texts, read},
    usage::Usage,
};

/// Predictions.
#[derive(Debug)]
pub(super) struct ReplicatePredictions;

impl Adapter for ReplicatePredictions {
    fn name(&self) -> &'static str {
        "replicate.predictions"
    }

    fn flavour(&self) -> &'static str {
        "replicate"
    }

    fn asks_again(&self) -> bool {
        true
    }

    fn endpoint(&self, request: &RequestLine<'_>) -> Option<Endpoint> {
        if request.provider() != Some("replicate") {
            return None;
        }
        if let ("GET", [.., "predictions", _]) = (request.method(), request.path()) {
            return Some(Endpoint::new(Operation::FetchResponse).with_certainty(Certainty::Sure));
        }
        let model = match request.post()? {
            [.., "models", owner, name, "predictions"] => Some(format!("{owner}/{name}")),
            [.., "deployments", owner, name, "predictions"] => {
                Some(format!("deployments/{owner}/{name}"))
            }
            [.., "predictions"] => None,
            _ => return None,
        };
        Some(Endpoint::new(Operation::GenerateContent).with_model(model))
    }

    fn seems(&self, body: &[u8]) -> bool {
        has_member(body, r#""input""#)
    }

    fn read_request(&self, _: &RequestContext<'_>, body: &[u8]) -> Option<RequestRead> {
        let body = read::<Request<'_>>(body)?;
        let input = body.input.0.unwrap_or_default();
        Some(RequestRead {
            has_shape: true,
            facts: RequestFacts {
                model: body.version.owned(),
                stream: body.stream.0,
                max_tokens: (input.max_tokens.0)
                    .or(input.max_new_tokens.0)
                    .or(input.max_completion_tokens.0),
                temperature: input.temperature.0,
                top_p: input.top_p.0,
                top_k: input.top_k.0,
                frequency_penalty: input.frequency_penalty.0,
                presence_penalty: input.presence_penalty.0,
                stop_sequences: input.stop_sequences.0,
                seed: input.seed.0,
                ..RequestFacts::default()
            },
            ..RequestRead::default()
        })
    }

    fn read_document(&self, _: &AnswerContext<'_>, body: &[u8], answer: &mut Answer) -> bool {
        let Some(prediction) = read::<Prediction<'_>>(body) else {
            return false;
        };
        prediction.tell(answer);
        true
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    #[serde(borrow)]
    version: Text<'a>,
    stream: Flag,
    input: Object<Input>,
}

/// What models of language call their parameters.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Input {
    max_tokens: Count,
    max_new_tokens: Count,
    max_completion_tokens: Count,
    temperature: Number,
    top_p: Number,
    top_k: Number,
    frequency_penalty: Number,
    presence_penalty: Number,
    stop_sequences: Texts,
    seed: Integer,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Prediction<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    model: Text<'a>,
    status: Text<'a>,
    error: Filled,
    metrics: Object<Metrics>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metrics {
    input_token_count: Count,
    output_token_count: Count,
}

impl Prediction<'_> {
    fn tell(&self, answer: &mut Answer) {
        answer.identify(self.id.as_str(), self.model.as_str());
        if let Some(metrics) = &self.metrics.0 {
            answer.usage = Usage {
                input: metrics.input_token_count.0,
                output: metrics.output_token_count.0,
                ..Usage::default()
            };
        }
        answer.is_pending = matches!(self.status.as_str(), Some("starting" | "processing"));
        if self.error.0 || self.status.as_str() == Some("failed") {
            answer.error = Some(UNNAMED.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing as support, *};

    #[test]
    fn the_path_may_name_the_model() {
        let seen = |path| {
            let endpoint = support::endpoint(&ReplicatePredictions, "replicate", path);
            endpoint.expect("an endpoint").model
        };
        assert_eq!(
            seen("/v1/models/meta/llama-2-70b-chat/predictions").as_deref(),
            Some("meta/llama-2-70b-chat")
        );
        assert_eq!(
            seen("/v1/deployments/me/mine/predictions").as_deref(),
            Some("deployments/me/mine")
        );
        assert_eq!(seen("/v1/predictions"), None);
        let again = support::endpoint_of(
            &ReplicatePredictions,
            "replicate",
            "GET",
            "/v1/predictions/p1",
        );
        assert_eq!(again.map(|it| it.operation), Some(Operation::FetchResponse));
        assert!(support::endpoint(&ReplicatePredictions, "", "/v1/predictions").is_none());
    }

    #[test]
    fn a_prediction_that_was_waited_for_has_counts() {
        let seen = support::document(
            &ReplicatePredictions,
            r#"{"id":"p1","model":"meta/llama","status":"succeeded","error":null,"output":["a","b"],
                "metrics":{"input_token_count":18,"output_token_count":25,"predict_time":0.5}}"#,
        );
        assert_eq!(seen.tokens(), (Some(18), Some(25)));
        assert_eq!(seen.facts.id.as_deref(), Some("p1"));
        assert_eq!(seen.error, None);
        let seen = support::document(
            &ReplicatePredictions,
            r#"{"id":"p1","model":"m","status":"starting","error":null}"#,
        );
        assert_eq!(seen.tokens(), (None, None));
        let seen = support::document(
            &ReplicatePredictions,
            r#"{"id":"p1","status":"failed","error":"out of memory"}"#,
        );
        assert_eq!(seen.error.as_deref(), Some("error"));
    }
}
