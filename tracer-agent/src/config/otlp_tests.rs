//! The standard variables of OTLP, and which of them wins.

use std::{ffi::OsString, path::Path, time::Duration};

use tracer_core::semconv::backends::Backend;

use super::super::{effective::Config, environment, error::ConfigError, layers::Layers};
use crate::export::otlp::settings::{
    Compression, Endpoint, OtlpSettings, Protocol, SignalSettings, TlsSettings,
};

fn layers(variables: &[(&str, &str)]) -> Layers {
    Layers::new([environment::layer(|name| {
        let found = variables.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| OsString::from(value))
    })])
}

fn otlp(variables: &[(&str, &str)]) -> OtlpSettings {
    Config::resolve(&layers(variables)).unwrap().export.otlp
}

#[test]
fn standard_variables_have_their_standard_meaning() {
    let nothing = otlp(&[]);
    assert!(nothing.is_off());

    let settings = otlp(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://common:4318"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://traces/v1"),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=1,b=2%2C3"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=9"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "none"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "1000"),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "service.name=agent,k8s.cluster.name=c1",
        ),
    ]);
    let (traces, metrics) = (settings.traces.unwrap(), settings.metrics.unwrap());
    assert_eq!(traces.endpoint, Endpoint::Exact("https://traces/v1".into()));
    assert_eq!(
        metrics.endpoint,
        Endpoint::Base("http://common:4318".into())
    );
    assert_eq!(
        (traces.protocol, metrics.protocol),
        (Protocol::HttpProtobuf, Protocol::Grpc)
    );
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(traces.headers.0, [header("a", "9")], "not those of others");
    assert_eq!(metrics.headers.0, [header("a", "1"), header("b", "2,3")]);
    assert_eq!(traces.timeout, Some(Duration::from_millis(2500)));
    assert_eq!(
        (traces.compression, metrics.compression),
        (None, Some(Compression::Gzip))
    );
    assert_eq!(settings.metric_interval, Duration::from_secs(1));
    assert_eq!(
        settings.resource_attributes,
        [header("k8s.cluster.name", "c1")]
    );
}

#[test]
fn a_time_limit_of_zero_is_none_and_an_interval_of_zero_is_refused() {
    let settings = otlp(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://common:4318"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "0"),
        ("OTEL_METRIC_EXPORT_TIMEOUT", "0"),
        ("OTEL_BSP_SCHEDULE_DELAY", "0"),
    ]);
    let limits = [
        settings.traces.unwrap().timeout,
        settings.batch.export_timeout,
        settings.metric_timeout,
    ];
    assert_eq!(limits, [None; 3]);
    assert_eq!(settings.batch.schedule_delay, Duration::ZERO);

    let error = Config::resolve(&layers(&[("OTEL_METRIC_EXPORT_INTERVAL", "0")])).unwrap_err();
    assert!(matches!(error, ConfigError::BadValue { .. }), "{error}");
}

#[test]
fn signals_can_be_switched_off() {
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://common:4318");
    let settings = otlp(&[endpoint, ("OTEL_TRACES_EXPORTER", "none")]);
    assert!(settings.traces.is_none() && settings.metrics.is_some());
    let settings = otlp(&[endpoint, ("OTEL_LOGS_EXPORTER", "none")]);
    assert!(settings.traces.is_some() && settings.logs.is_none());
    let settings = otlp(&[endpoint, ("OTEL_SDK_DISABLED", "true")]);
    assert!(settings.is_off());
}

#[test]
fn an_empty_variable_is_not_set() {
    let settings = otlp(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", ""),
    ]);
    assert!(settings.traces.is_none());
}

#[test]
fn only_grpc_does_without_a_scheme() {
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317");
    assert!(
        otlp(&[endpoint, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")])
            .traces
            .is_some()
    );
    let error = Config::resolve(&layers(&[endpoint])).unwrap_err();
    assert!(matches!(error, ConfigError::Conflict { .. }), "{error}");
}

/// Every option of an exporter, for all signals and for one.
const OPTIONS: [(&str, &str, &str); 9] = [
    ("ENDPOINT", "http://common:4317", "http://own:4317"),
    ("PROTOCOL", "grpc", "http/protobuf"),
    ("HEADERS", "for=all", "for=one"),
    ("TIMEOUT", "1000", "2000"),
    ("COMPRESSION", "gzip", "none"),
    ("CERTIFICATE", "/common/ca.pem", "/own/ca.pem"),
    (
        "CLIENT_CERTIFICATE",
        "/common/client.pem",
        "/own/client.pem",
    ),
    ("CLIENT_KEY", "/common/client.key", "/own/client.key"),
    ("INSECURE", "true", "false"),
];

/// The value of `option` among what became of it.
fn value(settings: &SignalSettings, option: &str) -> String {
    let path = |path: &Option<std::path::PathBuf>| {
        let path = path.as_deref().unwrap_or(Path::new(""));
        path.display().to_string()
    };
    let TlsSettings {
        certificate,
        client_key,
        client_certificate,
        insecure,
    } = &settings.tls;
    match option {
        "ENDPOINT" => settings.endpoint.as_str().to_owned(),
        "PROTOCOL" => match settings.protocol {
            Protocol::Grpc => "grpc".to_owned(),
            Protocol::HttpProtobuf => "http/protobuf".to_owned(),
        },
        "HEADERS" => {
            let pairs = settings.headers.0.iter();
            pairs
                .map(|(name, value)| format!("{name}={value}"))
                .collect()
        }
        "TIMEOUT" => settings.timeout.unwrap_or_default().as_millis().to_string(),
        "COMPRESSION" => match settings.compression {
            Some(Compression::Gzip) => "gzip".to_owned(),
            None => "none".to_owned(),
        },
        "CERTIFICATE" => path(certificate),
        "CLIENT_CERTIFICATE" => path(client_certificate),
        "CLIENT_KEY" => path(client_key),
        "INSECURE" => insecure.to_string(),
        _ => panic!("{option} is no option"),
    }
}

#[test]
fn an_option_of_one_signal_wins_there_and_nowhere_else() {
    for (option, common, own) in OPTIONS {
        let common_name = format!("OTEL_EXPORTER_OTLP_{option}");
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://common:4317");
        for signal in ["TRACES", "METRICS", "LOGS"] {
            let own_name = format!("OTEL_EXPORTER_OTLP_{signal}_{option}");
            let settings = otlp(&[(&common_name, common), (&own_name, own), endpoint]);
            let (traces, metrics) = (settings.traces.unwrap(), settings.metrics.unwrap());
            let (one, other) = match signal {
                "TRACES" => (traces, metrics),
                "METRICS" => (metrics, traces),
                _ => (settings.logs.unwrap(), traces),
            };
            assert_eq!(value(&one, option), own, "{own_name}");
            assert_eq!(value(&other, option), common, "{common_name}");
        }
    }
}

#[test]
fn a_backend_has_its_headers_and_no_metrics_unless_told_otherwise() {
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:5000");
    let generic = otlp(&[endpoint]);
    assert_eq!(generic.backend, Backend::Generic);
    assert!(generic.metrics.is_some());

    let mlflow = otlp(&[endpoint, ("LLM_TRACER_BACKEND", "mlflow")]);
    assert_eq!(mlflow.backend, Backend::Mlflow);
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let traces = mlflow.traces.unwrap();
    assert_eq!(traces.headers.0, [header("x-mlflow-experiment-id", "0")]);
    assert!(mlflow.metrics.is_none());

    let told = otlp(&[
        endpoint,
        ("LLM_TRACER_BACKEND", "mlflow"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "X-MLflow-Experiment-Id=7"),
        (
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
            "http://metrics:4318/v1/metrics",
        ),
    ]);
    let traces = told.traces.unwrap();
    assert_eq!(traces.headers.0.len(), 1);
    assert_eq!(traces.headers.0[0].1, "7");
    let metrics = told.metrics.unwrap();
    assert!(metrics.endpoint.is_exact());
}
