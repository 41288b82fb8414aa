//! `providers.md`: the wire APIs and hosts that are known.

use std::collections::BTreeMap;

use tracer_core::llm::coverage::{apis, hosts};

use super::table::{GENERATED, code, table};

pub(super) fn page() -> String {
    let apis = apis().map(|(api, provider)| [code(api.0), code(provider)]);
    format!(
        "{GENERATED}# Providers\n\n\
         A call is recognised by its path and the shape of its body, on any host. The host only \
         tells who serves it, and settles paths that others use, too. More hosts can be named in \
         the [configuration](configuration.md) under `providers`.\n\n\
         ## Wire APIs\n\n\
         The first that knows the endpoint of a request reads it. The provider is the one that is \
         reported if the host is not known.\n\n{}\n\
         ## What is not told\n\n\
         - Bodies of gRPC are not decoded: such a call has its method, status, times and sizes, and \
         `llm_tracer.capture_state` is `undecodable`.\n\
         - A run that goes on when it is answered (`llm_tracer.response.pending`) has no counts \
         unless somebody asks for it again on a connection that is seen. Those of Bedrock write what \
         they make into a store, and nobody tells what they used.\n\
         - A session over a WebSocket that was opened before the agent came is recognised by its \
         messages, unless they are compressed: these refer to what went by.\n\
         - Frames of Bedrock's bidirectional streams are not decoded: such a call is told as one of \
         gRPC is.\n\n\
         ## Not reported\n\n\
         - What lists, fetches, changes or deletes things that a provider stores: files, models, \
         batches, jobs, caches, conversations. What a batch or a film used is told there, if \
         anywhere.\n\
         - Of paths that much else has (`/completion` and `/infill` without a parameter of \
         llama.cpp, `/embedding`, `/pooling`, `/tokenize`, `/invocations`, `/videos` without a \
         model, and `/` where text-generation-inference may be) a request whose answer does not \
         tell the API, as errors do not unless the server names itself.\n\
         - `/` at the side of its server.\n\
         - Predictions of a model that is deployed to an endpoint of Vertex AI, if its first instance \
         has neither `prompt` nor `messages`.\n\
         - `/tokenize` of llama.cpp and text-generation-inference: the answer tells no API.\n\n\
         ## Hosts\n\n\
         Every connection to these hosts is followed; to those marked † only while calls of models \
         are seen on it.\n\n{}",
        table(["API", "provider on an unknown host"], apis),
        table(["provider", "hosts"], by_provider()),
    )
}

/// One row for each provider, in alphabetical order.
fn by_provider() -> impl Iterator<Item = [String; 2]> {
    let mut rows = BTreeMap::<_, Vec<String>>::new();
    for host in hosts() {
        let mark = if host.is_mixed { " †" } else { "" };
        let pattern = format!("{}{mark}", code(&host.pattern));
        rows.entry(host.provider).or_default().push(pattern);
    }
    rows.into_iter()
        .map(|(provider, hosts)| [code(provider), hosts.join(", ")])
}
