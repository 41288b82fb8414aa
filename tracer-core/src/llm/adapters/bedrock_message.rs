//! Messages of Bedrock's Converse API, which Amazon's Nova models speak through InvokeModel too.

use serde::Deserialize;

use super::bedrock_assessment::GuardrailTrace;
use crate::llm::{
    answer::{Answer, keep_last},
    json::{Count, List, LongList, Object, Tells, Text},
    usage::{Usage, UsageParts},
};

/// An answer in one piece.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    output: Object<Output<'a>>,
    stop_reason: Text<'a>,
    usage: Object<ConverseUsage<'a>>,
    trace: Object<Trace<'a>>,
    service_tier: Object<Tier<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Output<'a> {
    #[serde(borrow)]
    message: Object<Content<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Content<'a> {
    #[serde(borrow)]
    content: LongList<Object<Block<'a>>>,
}

/// A block of content, or the start of one.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Block<'a> {
    #[serde(borrow)]
    tool_use: Object<ToolUse<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ToolUse<'a> {
    #[serde(borrow)]
    tool_use_id: Text<'a>,
    name: Text<'a>,
    #[serde(rename = "type")]
    kind: Text<'a>,
}

impl Tells for Block<'_> {
    fn tells(&self) -> bool {
        self.tool_use.0.is_some()
    }
}

impl Block<'_> {
    /// Tells of a call that the caller has to carry out; the provider's own tools are none.
    fn tell(&self, answer: &mut Answer) {
        if let Some(tool) = &self.tool_use.0
            && tool.kind.as_str() != Some("server_tool_use")
        {
            answer.next_tool(0, tool.tool_use_id.as_str(), tool.name.as_str());
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Trace<'a> {
    #[serde(borrow)]
    prompt_router: Object<PromptRouter<'a>>,
    guardrail: Object<GuardrailTrace<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PromptRouter<'a> {
    #[serde(borrow)]
    invoked_model_id: Text<'a>,
}

impl Trace<'_> {
    /// A router says which model it picked, and a guardrail what it found.
    fn tell(&self, answer: &mut Answer) {
        let router = self.prompt_router.0.as_ref();
        answer.identify(
            None,
            router.and_then(|router| router.invoked_model_id.as_str()),
        );
        if let Some(guardrail) = &self.guardrail.0 {
            guardrail.tell(&mut answer.findings);
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tier<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
}

impl Message<'_> {
    pub(super) fn tell(&self, answer: &mut Answer) {
        if let Some(reason) = self.stop_reason.as_str() {
            answer.finish(0, reason);
        }
        let message = self
            .output
            .0
            .as_ref()
            .and_then(|output| output.message.0.as_ref());
        let blocks = message.map_or(&[][..], |message| message.content.0.as_slice());
        for block in blocks.iter().filter_map(|block| block.0.as_ref()) {
            block.tell(answer);
        }
        if let Some(usage) = &self.usage.0 {
            answer.usage = usage.normalise();
        }
        tell_origin(&self.trace, &self.service_tier, answer);
    }
}

fn tell_origin(trace: &Object<Trace<'_>>, tier: &Object<Tier<'_>>, answer: &mut Answer) {
    if let Some(trace) = &trace.0 {
        trace.tell(answer);
    }
    let tier = tier.0.as_ref().and_then(|tier| tier.kind.as_str());
    keep_last(&mut answer.service_tier, tier);
}

/// `contentBlockStart` of a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct BlockStart<'a> {
    #[serde(borrow)]
    start: Object<Block<'a>>,
}

impl BlockStart<'_> {
    pub(super) fn tell(&self, answer: &mut Answer) {
        if let Some(block) = &self.start.0 {
            block.tell(answer);
        }
    }
}

/// `messageStop` of a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct MessageStop<'a> {
    #[serde(borrow)]
    stop_reason: Text<'a>,
}

impl MessageStop<'_> {
    pub(super) fn tell(&self, answer: &mut Answer) {
        if let Some(reason) = self.stop_reason.as_str() {
            answer.finish(0, reason);
        }
    }
}

/// `metadata` of a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Metadata<'a> {
    #[serde(borrow)]
    usage: Object<ConverseUsage<'a>>,
    #[serde(borrow)]
    trace: Object<Trace<'a>>,
    service_tier: Object<Tier<'a>>,
}

impl Metadata<'_> {
    pub(super) fn tell(&self, answer: &mut Answer) {
        if let Some(usage) = &self.usage.0 {
            answer.usage = usage.normalise();
        }
        tell_origin(&self.trace, &self.service_tier, answer);
    }
}

/// Usage as it is on the wire. The counts of the cache come under two names, often under both.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ConverseUsage<'a> {
    input_tokens: Count,
    output_tokens: Count,
    cache_read_input_tokens: Count,
    cache_read_input_token_count: Count,
    cache_write_input_tokens: Count,
    cache_write_input_token_count: Count,
    #[serde(borrow)]
    cache_details: List<Object<CacheDetail<'a>>>,
}

/// What was written to the cache, by how long it stays there.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct CacheDetail<'a> {
    #[serde(borrow)]
    ttl: Text<'a>,
    input_tokens: Count,
}

impl ConverseUsage<'_> {
    fn written_for_an_hour(&self) -> Option<u64> {
        let mut details = self
            .cache_details
            .0
            .iter()
            .filter_map(|item| item.0.as_ref());
        let for_an_hour = details.find(|detail| detail.ttl.as_str() == Some("1h"))?;
        for_an_hour.input_tokens.0
    }

    fn normalise(&self) -> Usage {
        let read = self
            .cache_read_input_tokens
            .0
            .or(self.cache_read_input_token_count.0);
        let written = self
            .cache_write_input_tokens
            .0
            .or(self.cache_write_input_token_count.0);
        let mut cached = [read, written].into_iter().flatten();
        Usage {
            input: self
                .input_tokens
                .0
                .and_then(|input| cached.try_fold(input, u64::checked_add)),
            output: self.output_tokens.0,
            cache_read: read,
            cache_creation: written,
            reasoning: None,
            parts: UsageParts {
                cache_creation_1h: self.written_for_an_hour(),
                ..UsageParts::default()
            },
        }
    }
}
