//! The gRPC exporters: what they are given, and why an export of theirs failed.

use std::time::Duration;

use hyper::{HeaderMap, http::uri::Scheme};
use opentelemetry_otlp::{Compression as OtlpCompression, RetryPolicy, WithTonicConfig};
use opentelemetry_sdk::error::OTelSdkError;
use tonic::{
    Code, Request,
    metadata::MetadataMap,
    service::Interceptor,
    transport::{Channel, Endpoint as GrpcEndpoint},
};

use super::{
    address,
    answer::Failure,
    error::StartError,
    seen::Status,
    settings::{Compression, SignalSettings},
    tls::TlsFiles,
};
use crate::causes::with_causes;

/// A way to a collector over gRPC.
pub(super) struct GrpcWay {
    channel: Channel,
    headers: HeaderMap,
    compression: Option<OtlpCompression>,
}

impl GrpcWay {
    /// Connects to nothing yet. Connecting may take `timeout`.
    pub(super) fn new(
        signal: &'static str,
        settings: &SignalSettings,
        timeout: Option<Duration>,
    ) -> Result<Self, StartError> {
        let advice = "write it like http://127.0.0.1:4317";
        let endpoint = GrpcEndpoint::from_shared(address::grpc(settings))
            .map_err(|_| address::refused(signal, &settings.endpoint, advice))?
            .buffer_size(16);
        let endpoint = match timeout {
            Some(timeout) => endpoint.connect_timeout(timeout),
            None => endpoint,
        };
        let endpoint = match endpoint.uri().scheme() == Some(&Scheme::HTTPS) {
            true => endpoint
                .tls_config(TlsFiles::read(&settings.tls)?.tonic())
                .map_err(|error| StartError::Tls {
                    signal,
                    reason: with_causes(&error),
                })?,
            false => endpoint,
        };
        Ok(Self {
            channel: endpoint.connect_lazy(),
            headers: address::headers(signal, settings)?,
            compression: settings.compression.map(OtlpCompression::from),
        })
    }

    /// The builder of an exporter that makes one attempt for each export.
    pub(super) fn configure<B: WithTonicConfig>(self, builder: B) -> B {
        let builder = builder
            .with_channel(self.channel)
            .with_retry_policy(RetryPolicy::disabled())
            .with_interceptor(OurHeaders(self.headers));
        match self.compression {
            Some(compression) => builder.with_compression(compression),
            None => builder,
        }
    }
}

/// Puts the configured headers on each request.
#[derive(Clone)]
struct OurHeaders(HeaderMap);

impl Interceptor for OurHeaders {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, tonic::Status> {
        let exporters = std::mem::take(request.metadata_mut()).into_headers();
        *request.metadata_mut() = MetadataMap::from_headers(address::headed(&exporters, &self.0));
        Ok(request)
    }
}

/// Why an export failed: the error of the exporter tells the code and what broke on this side, the
/// rest was heard.
pub(super) fn failure(error: &OTelSdkError, heard: Status) -> Failure {
    let text = error.to_string();
    let Some((_, told)) = text.split_once("gRPC code: ") else {
        return Failure::of_request(text);
    };
    // Only what this side makes of a broken connection has an error behind it.
    if let Some((_, broken)) = told.split_once(": ") {
        return Failure::of_connection(broken.to_owned());
    }
    let Status { message, details } = heard;
    let status = tonic::Status::with_details(code(told), message, details.into());
    Failure::of_grpc(&status)
}

/// The code with that name in the exporter's errors.
fn code(name: &str) -> Code {
    let mut all = (0..=16).map(Code::from_i32);
    all.find(|code| format!("{code:?}") == name)
        .unwrap_or(Code::Unknown)
}

impl From<Compression> for OtlpCompression {
    fn from(compression: Compression) -> Self {
        match compression {
            Compression::Gzip => Self::Gzip,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_the_environment_are_not_sent() {
        let mut request = Request::new(());
        for name in ["authorization", "x-other"] {
            let value = "environment".parse().unwrap();
            request.metadata_mut().insert(name, value);
        }
        let mut ours = HeaderMap::new();
        ours.insert("authorization", "flag".parse().unwrap());
        let request = OurHeaders(ours).call(request).unwrap();
        assert_eq!(request.metadata().len(), 1);
        assert_eq!(request.metadata().get("authorization").unwrap(), "flag");
    }

    #[test]
    fn codes_are_known_by_their_names() {
        for (name, known) in [
            ("Unavailable", Code::Unavailable),
            ("ResourceExhausted", Code::ResourceExhausted),
            ("Unauthenticated", Code::Unauthenticated),
            ("", Code::Unknown),
        ] {
            assert_eq!(code(name), known);
        }
    }
}
