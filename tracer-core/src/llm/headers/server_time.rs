//! How long a provider says that it worked on a request.

use std::time::Duration;

use super::clock::{Unit, number};
use crate::http::head::Headers;

/// Headers that tell the time of the model's work, the provider's own before those of its proxies.
const PROCESSING: [(&str, Unit); 10] = [
    ("openai-processing-ms", Unit::Milliseconds),
    ("x-amzn-bedrock-invocation-latency", Unit::Milliseconds),
    ("x-metrics-e2e-ms", Unit::Milliseconds),
    ("fireworks-server-processing-time", Unit::Seconds),
    // Text Generation Inference and Together.
    ("x-inference-time", Unit::Milliseconds),
    ("llm_provider-openai-processing-ms", Unit::Milliseconds),
    ("cmp-upstream-response-duration", Unit::Milliseconds),
    ("x-kong-upstream-latency", Unit::Milliseconds),
    ("x-envoy-upstream-service-time", Unit::Milliseconds),
    ("x-litellm-response-duration-ms", Unit::Milliseconds),
];

/// The time of the model's work.
pub(super) fn processing(headers: &Headers) -> Option<Duration> {
    PROCESSING
        .iter()
        .find_map(|&(name, unit)| number(headers.get(name)?, unit))
        .or_else(|| front_end(headers.get("server-timing")?))
}

/// The time that the request waited for the model.
pub(super) fn queueing(headers: &Headers) -> Option<Duration> {
    number(headers.get("x-queue-time")?, Unit::Milliseconds)
}

/// Google's front end: `gfet4t7; dur=1234` among other entries, in milliseconds.
fn front_end(server_timing: &str) -> Option<Duration> {
    let entry = server_timing
        .split(',')
        .find_map(|entry| entry.trim().strip_prefix("gfet4t7"))?;
    let duration = entry
        .split(';')
        .find_map(|parameter| parameter.trim().strip_prefix("dur="))?;
    number(duration, Unit::Milliseconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::allow_list::AllowList;

    fn headers(wire: &[(&str, &str)]) -> Headers {
        let wire = wire.iter().map(|(name, value)| (*name, value.as_bytes()));
        Headers::admit(&AllowList::default(), wire)
    }

    #[test]
    fn the_providers_own_time_comes_first() {
        let told = headers(&[
            ("x-envoy-upstream-service-time", "737"),
            ("openai-processing-ms", "718"),
        ]);
        assert_eq!(processing(&told), Some(Duration::from_millis(718)));
        let google = headers(&[("server-timing", "cdn; dur=1, gfet4t7; dur=1250")]);
        assert_eq!(processing(&google), Some(Duration::from_millis(1_250)));
        let fireworks = headers(&[("fireworks-server-processing-time", "0.5")]);
        assert_eq!(processing(&fireworks), Some(Duration::from_millis(500)));
        assert_eq!(
            processing(&headers(&[("openai-processing-ms", "-1")])),
            None
        );
        let queued = headers(&[("x-queue-time", "22")]);
        assert_eq!(queueing(&queued), Some(Duration::from_millis(22)));
    }
}
