//! Every string that a call holds, in one list, so that none can stay without a bound.
//!
//! All fields are named here: one that is added does not compile until its strings are listed.

use std::borrow::Cow;

use super::{
    call::{
        CallFacts, FileFacts, Gateway, Outcome, Provider, RequestFacts, ResponseFacts, ToolCall,
    },
    mcp::{McpAnswer, McpRequest},
};
use crate::{
    correlate::{Attempt, Lineage, NamedSession, Session, Step, StepKind},
    evaluation::{Evaluation, Finding, Findings, Verdict},
};

/// What a string is, as far as bounds differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StringKind {
    /// An id, a name, a tier, a version.
    Name,
    /// The value of a header, or a path.
    Header,
    /// The caller's text, but a parameter in the conventions.
    StopSequence,
    /// An `error.type`.
    ErrorType,
}

/// Bounds on the strings of a call.
pub(crate) trait Bounds {
    /// Bounds a string.
    fn string(&self, text: &mut String, kind: StringKind);

    /// Bounds a string that may be absent.
    fn option(&self, text: &mut Option<String>, kind: StringKind) {
        if let Some(text) = text {
            self.string(text, kind);
        }
    }

    /// Items of a list that may stay.
    fn items(&self, kind: StringKind) -> usize;

    /// Bounds a list of strings.
    fn list(&self, list: &mut Vec<String>, kind: StringKind) {
        list.truncate(self.items(kind));
        for text in list {
            self.string(text, kind);
        }
    }
}

impl CallFacts {
    /// Bounds all strings.
    pub(crate) fn bound(&mut self, bounds: &impl Bounds) {
        let Self {
            connection: _,
            exchange: _,
            role: _,
            provider: Provider(provider),
            provider_basis: _,
            operation: _,
            api: _,
            host,
            socket: _,
            path,
            http_version: _,
            request,
            response,
            usage: _,
            cost: _,
            timing: _,
            outcome,
            capture: _,
            // Its text is bounded by its syntax.
            parent: _,
            attribution,
            kept_headers,
            other_end: _,
            is_passed_on: _,
            counted_at: _,
            lineage,
            evaluations,
            judgement,
        } = self;
        bound_cow(provider, bounds);
        if let Some(host) = host {
            bounds.string(&mut host.name, StringKind::Name);
        }
        bounds.string(path, StringKind::Header);
        request.bound(bounds);
        response.bound(bounds);
        if let Outcome::Failed { error_type } = outcome {
            bounds.string(error_type, StringKind::ErrorType);
        }
        for value in attribution.values_mut() {
            bounds.string(value, StringKind::Name);
        }
        for (name, value) in kept_headers {
            bounds.string(name, StringKind::Name);
            bounds.string(value, StringKind::Header);
        }
        if let Some(lineage) = lineage {
            lineage.bound(bounds);
        }
        for evaluation in evaluations.iter_mut().chain(judgement.as_deref_mut()) {
            evaluation.bound(bounds);
        }
    }
}

impl Evaluation {
    /// Bounds all strings.
    pub(crate) fn bound(&mut self, bounds: &impl Bounds) {
        let Self {
            check: _,
            label: _,
            score: _,
            target: _,
            categories,
            reason: _,
            tool,
            known: _,
            origin: _,
        } = self;
        bounds.list(categories, StringKind::Name);
        bounds.option(tool, StringKind::Name);
    }
}

impl Verdict {
    /// Bounds all strings.
    pub(crate) fn bound(&mut self, bounds: &impl Bounds) {
        let Self {
            process: _,
            trace: _,
            span: _,
            response_id,
            time: _,
            evaluation,
            // Bounded where it is let out.
            reason: _,
        } = self;
        bounds.option(response_id, StringKind::Name);
        evaluation.bound(bounds);
    }
}

impl Findings {
    fn bound(&mut self, bounds: &impl Bounds) {
        let Self {
            found,
            judged: _,
            guarded: _,
            intervened: _,
            applied,
            told_by: _,
        } = self;
        bounds.list(applied, StringKind::Name);
        found.truncate(bounds.items(StringKind::Name));
        for Finding {
            detector: _,
            target: _,
            item: _,
            category,
            severity,
            score: _,
            action: _,
        } in found
        {
            bounds.string(category, StringKind::Name);
            bounds.option(severity, StringKind::Name);
        }
    }
}

impl Lineage {
    /// Bounds all strings.
    fn bound(&mut self, bounds: &impl Bounds) {
        let Self {
            trace: _,
            span: _,
            parent: _,
            links: _,
            session,
            attempt,
        } = self;
        if let Some(Session { id, .. }) = session {
            bounds.string(id, StringKind::Name);
        }
        if let Some(Attempt { reason, .. }) = attempt {
            bounds.option(reason, StringKind::ErrorType);
        }
    }
}

impl Step {
    /// Bounds all strings.
    pub(crate) fn bound(&mut self, bounds: &impl Bounds) {
        let Self {
            process: _,
            trace: _,
            span: _,
            parent: _,
            links: _,
            session,
            start: _,
            end: _,
            error,
            kind,
            evaluations,
        } = self;
        for evaluation in evaluations {
            evaluation.bound(bounds);
        }
        if let Some(Session { id, .. }) = session {
            bounds.string(id, StringKind::Name);
        }
        bounds.option(error, StringKind::ErrorType);
        match kind {
            StepKind::Turn {
                provider,
                agent,
                calls: _,
                tool_calls: _,
            } => {
                bounds.option(provider, StringKind::Name);
                bounds.option(agent, StringKind::Name);
            }
            StepKind::Request {
                method: _,
                template,
                status: _,
            } => bounds.string(template, StringKind::Header),
            StepKind::Attempts { attempts: _ } => {}
            StepKind::Tool {
                name,
                id,
                bound: _,
                known: _,
                is_error: _,
            } => {
                bounds.option(name, StringKind::Name);
                bounds.option(id, StringKind::Name);
            }
        }
    }
}

impl RequestFacts {
    /// Bounds all strings.
    pub(crate) fn bound(&mut self, bounds: &impl Bounds) {
        let Self {
            model,
            stream: _,
            max_tokens: _,
            temperature: _,
            top_p: _,
            top_k: _,
            frequency_penalty: _,
            presence_penalty: _,
            stop_sequences,
            seed: _,
            choice_count: _,
            output_type: _,
            encoding_formats,
            embedding_dimensions: _,
            service_tier,
            reasoning_level,
            previous_response_id,
            conversation_id,
            session,
            tool_count: _,
            data_source_id,
            mcp,
            files,
            tool_names,
            reasoning_budget: _,
            prompt_id,
            prompt_version,
            agent_id,
            guardrail_id,
            retry_count: _,
            user_agent,
            body_bytes: _,
        } = self;
        if let Some(NamedSession { id, agent, .. }) = session {
            bounds.string(id, StringKind::Name);
            bounds.option(agent, StringKind::Name);
        }
        for name in [
            model,
            service_tier,
            reasoning_level,
            previous_response_id,
            conversation_id,
            data_source_id,
            prompt_id,
            prompt_version,
            agent_id,
            guardrail_id,
        ] {
            bounds.option(name, StringKind::Name);
        }
        bounds.option(user_agent, StringKind::Header);
        bounds.list(stop_sequences, StringKind::StopSequence);
        bounds.list(encoding_formats, StringKind::Name);
        bounds.list(tool_names, StringKind::Name);
        files.truncate(bounds.items(StringKind::Name));
        for FileFacts {
            media_type,
            bytes: _,
        } in files
        {
            bounds.option(media_type, StringKind::Name);
        }
        if let Some(mcp) = mcp {
            mcp.bound(bounds);
        }
    }
}

impl McpRequest {
    fn bound(&mut self, bounds: &impl Bounds) {
        let Self {
            method,
            tool,
            prompt,
            id,
            protocol_version,
            session_id,
            // Its text is bounded by its syntax.
            parent: _,
        } = self;
        bounds.string(method, StringKind::Name);
        for name in [tool, prompt, id, protocol_version, session_id] {
            bounds.option(name, StringKind::Name);
        }
    }
}

impl ResponseFacts {
    fn bound(&mut self, bounds: &impl Bounds) {
        let Self {
            status: _,
            rpc_status: _,
            id,
            model,
            finish_reasons,
            service_tier,
            system_fingerprint,
            request_id,
            tool_calls,
            documents: _,
            is_pending: _,
            mcp,
            conversation_id,
            rate_limits: _,
            processing_time: _,
            queue_time: _,
            gateway,
            upstream_provider,
            findings,
            has_refusal: _,
            chunks: _,
            body_bytes: _,
        } = self;
        let McpAnswer {
            protocol_version,
            session_id,
            error_code: _,
            is_joined: _,
        } = mcp;
        for name in [
            id,
            model,
            service_tier,
            system_fingerprint,
            request_id,
            protocol_version,
            session_id,
            conversation_id,
            upstream_provider,
        ] {
            bounds.option(name, StringKind::Name);
        }
        bounds.list(finish_reasons, StringKind::Name);
        tool_calls.truncate(bounds.items(StringKind::Name));
        for ToolCall { id, name } in tool_calls {
            bounds.string(name, StringKind::Name);
            bounds.option(id, StringKind::Name);
        }
        if let Some(gateway) = gateway {
            let Gateway {
                name,
                retries: _,
                fallbacks: _,
                cache,
            } = &mut **gateway;
            bound_cow(name, bounds);
            bounds.option(cache, StringKind::Name);
        }
        if let Some(findings) = findings {
            findings.bound(bounds);
        }
    }
}

/// A name of ours is short.
fn bound_cow(name: &mut Cow<'static, str>, bounds: &impl Bounds) {
    if let Cow::Owned(name) = name {
        bounds.string(name, StringKind::Name);
    }
}

#[cfg(test)]
pub(crate) mod sample;

#[cfg(test)]
mod tests {
    use super::*;

    struct Erased;

    impl Bounds for Erased {
        fn string(&self, text: &mut String, _: StringKind) {
            text.clear();
        }

        fn items(&self, _: StringKind) -> usize {
            2
        }
    }

    #[test]
    fn no_string_and_no_list_is_left_out() {
        let mut facts = sample::call_of("unbounded", 3);
        let count = |facts: &CallFacts| format!("{facts:?}").matches("unbounded").count();
        assert!(count(&facts) > 40);
        facts.bound(&Erased);
        assert_eq!(count(&facts), 0, "{facts:?}");
        let CallFacts {
            request, response, ..
        } = facts;
        let lengths = [
            request.stop_sequences.len(),
            request.encoding_formats.len(),
            request.tool_names.len(),
            request.files.len(),
            response.finish_reasons.len(),
            response.tool_calls.len(),
        ];
        assert_eq!(lengths, [2; 6]);
    }
}
