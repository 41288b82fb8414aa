use super::*;
use crate::http::{
    allow_list::AllowList,
    head::{Headers, Host, HttpVersion, Target},
};
use crate::llm::call::Operation;

fn head(method: &str, host: &str, path: &str, headers: &[(&str, &str)]) -> RequestHead {
    let wire = headers
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()));
    RequestHead {
        method: method.to_owned(),
        target: Target {
            path: path.to_owned(),
            query: Vec::new(),
        },
        host: Some(Host {
            name: host.to_owned(),
            port: None,
        }),
        headers: Headers::admit(&AllowList::default(), wire),
        target_digest: 0,
        unknown_fields: 0,
        version: HttpVersion::H11,
        wire_bytes: 0,
    }
}

fn post(host: &str, path: &str) -> Option<Recognised> {
    recognise(&head("POST", host, path, &[]), &[])
}

#[test]
fn endpoints_by_path() {
    for (host, path, provider, api, operation) in [
        (
            "api.openai.com",
            "/v1/chat/completions",
            "openai",
            "openai.chat",
            Operation::Chat,
        ),
        (
            "api.openai.com",
            "/v1/responses",
            "openai",
            "openai.responses",
            Operation::Chat,
        ),
        (
            "api.openai.com",
            "/v1/embeddings",
            "openai",
            "openai.embeddings",
            Operation::Embeddings,
        ),
        (
            "api.openai.com",
            "//v1/completions/",
            "openai",
            "openai.completions",
            Operation::TextCompletion,
        ),
        (
            "api.anthropic.com",
            "/v1/messages",
            "anthropic",
            "anthropic.messages",
            Operation::Chat,
        ),
        (
            "api.groq.com",
            "/openai/v1/chat/completions",
            "groq",
            "openai.chat",
            Operation::Chat,
        ),
        (
            "x.services.ai.azure.com",
            "/anthropic/v1/messages",
            "azure.ai.inference",
            "anthropic.messages",
            Operation::Chat,
        ),
        (
            "api.mistral.ai",
            "/v1/fim/completions",
            "mistral_ai",
            "openai.chat",
            Operation::TextCompletion,
        ),
        (
            "api.writer.com",
            "/v1/chat",
            "writer",
            "openai.chat",
            Operation::Chat,
        ),
        (
            "gateway.ai.cloudflare.com",
            "/v1/acct/gw/groq/chat/completions",
            "groq",
            "openai.chat",
            Operation::Chat,
        ),
        (
            "llm.internal",
            "/proxy/v1/chat/completions",
            "openai",
            "openai.chat",
            Operation::Chat,
        ),
        (
            "llm.internal",
            "/v1/messages",
            "anthropic",
            "anthropic.messages",
            Operation::Chat,
        ),
    ] {
        let found = post(host, path).unwrap_or_else(|| panic!("{host}{path} is not recognised"));
        assert_eq!(
            (
                &*found.provider.0,
                found.adapter.name(),
                found.endpoint.operation
            ),
            (provider, api, operation),
            "{host}{path}"
        );
    }
}

#[test]
fn other_endpoints_are_no_calls() {
    for (method, path) in [
        ("GET", "/v1/chat/completions"),
        ("GET", "/v1/messages/batches"),
        ("POST", "/v1/files"),
        ("GET", "/v1/models"),
        ("DELETE", "/v1/responses/resp_1"),
        ("POST", "/v1/threads/thread_1/messages"),
        ("POST", "/v1/responses/resp_1/cancel"),
        ("POST", "/v1/chat"),
        ("POST", "/"),
    ] {
        let found = recognise(&head(method, "api.openai.com", path, &[]), &[]);
        assert!(found.is_none(), "{method} {path}: {found:?}");
    }
}

#[test]
fn an_unknown_host_needs_the_shape_unless_a_header_speaks_for_it() {
    let needs_shape = |headers| {
        recognise(&head("POST", "h", "/v1/messages", headers), &[]).map(|found| found.needs_shape)
    };
    assert_eq!(needs_shape(&[]), Some(true));
    assert_eq!(
        needs_shape(&[("anthropic-version", "2023-06-01")]),
        Some(false)
    );
    let prefixed = head(
        "POST",
        "h",
        "/claude/messages",
        &[("anthropic-version", "2023-06-01")],
    );
    assert!(recognise(&prefixed, &[]).is_some());
}

#[test]
fn the_path_of_azure_names_the_deployment() {
    let model = |path| {
        post("x.openai.azure.com", path)
            .expect("recognised")
            .endpoint
            .model
    };
    assert_eq!(
        model("/openai/deployments/my%2Dgpt/chat/completions").as_deref(),
        Some("my-gpt")
    );
    assert_eq!(model("/openai/v1/chat/completions"), None);
    assert_eq!(
        model("/openai/deployments/100%/embeddings").as_deref(),
        Some("100%")
    );
}

#[test]
fn a_gateway_passes_on_to_someone_else() {
    let found = |host, path, headers| {
        let found = recognise(&head("POST", host, path, headers), &[]).expect("recognised");
        let gateway = found.gateway.map(|gateway| gateway.0.into_owned());
        (found.provider.0.into_owned(), gateway.unwrap_or_default())
    };
    let pair = |provider: &str, gateway: &str| (provider.to_owned(), gateway.to_owned());
    let portkey = |headers| found("api.portkey.ai", "/v1/chat/completions", headers);
    assert_eq!(
        portkey(&[("x-portkey-provider", "mistral-ai")]),
        pair("mistral_ai", "portkey")
    );
    assert_eq!(
        portkey(&[]),
        pair("openai", "portkey"),
        "the wire's flavour"
    );
    assert_eq!(
        found("gateway.helicone.ai", "/v1/messages", &[]),
        pair("anthropic", "helicone")
    );
    assert_eq!(
        found(
            "gateway.ai.cloudflare.com",
            "/v1/a/g/compat/chat/completions",
            &[]
        ),
        pair("openai", "cloudflare_ai_gateway")
    );
}

#[test]
fn azure_under_another_name_is_known_by_its_paths() {
    let provider = |path: &str| {
        let mut head = head("POST", "llm.internal", path, &[]);
        let version = ("api-version".to_owned(), "2024-10-21".to_owned());
        head.target.query.push(version);
        let found = recognise(&head, &[]).expect("recognised");
        (found.provider.0.into_owned(), found.endpoint.model)
    };
    assert_eq!(
        provider("/openai/deployments/d/chat/completions"),
        ("azure.ai.openai".to_owned(), Some("d".to_owned()))
    );
    assert_eq!(
        provider("/models/chat/completions"),
        ("azure.ai.inference".to_owned(), None)
    );
    assert_eq!(
        provider("/v1/chat/completions"),
        ("openai".to_owned(), None)
    );
}

#[test]
fn stored_answers_are_fetched_by_get() {
    let fetch = |path| {
        let found = recognise(&head("GET", "llm.internal", path, &[]), &[])?;
        Some((found.endpoint.operation, found.needs_shape))
    };
    assert_eq!(
        fetch("/v1/responses/resp_1"),
        Some((Operation::FetchResponse, false))
    );
    assert_eq!(
        fetch("/surveys/responses/7"),
        Some((Operation::FetchResponse, true)),
        "without a body it is none"
    );
}
