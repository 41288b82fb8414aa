//! Where requests go and what heads them, from what is configured.

use hyper::{
    HeaderMap, Uri,
    header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT},
};

use super::{
    error::StartError,
    settings::{Endpoint, SignalSettings},
};

/// The configured headers.
///
/// # Errors
///
/// When HTTP does not allow one.
pub(super) fn headers(
    signal: &'static str,
    settings: &SignalSettings,
) -> Result<HeaderMap, StartError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &settings.headers.0 {
        let refused = || StartError::Header {
            signal,
            name: name.clone(),
        };
        let mut value = HeaderValue::from_str(value).map_err(|_| refused())?;
        value.set_sensitive(true);
        headers.insert(HeaderName::try_from(name).map_err(|_| refused())?, value);
    }
    Ok(headers)
}

/// The headers of a request: those configured, and of the exporter's only how the body is made and
/// who made it. It takes others from the environment again, whatever a flag or the file says.
pub(super) fn headed(exporters: &HeaderMap, configured: &HeaderMap) -> HeaderMap {
    let mut headers = configured.clone();
    for name in [CONTENT_TYPE, CONTENT_ENCODING] {
        if let Some(value) = exporters.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    if let Some(value) = exporters.get(USER_AGENT) {
        headers.entry(USER_AGENT).or_insert_with(|| value.clone());
    }
    headers
}

/// The address for gRPC, which has no path.
pub(super) fn grpc(settings: &SignalSettings) -> String {
    let address = settings.endpoint.as_str();
    // The scheme decides about TLS; `insecure` only where there is none.
    match (address.contains("://"), settings.tls.insecure) {
        (true, _) => address.to_owned(),
        (false, true) => format!("http://{address}"),
        (false, false) => format!("https://{address}"),
    }
}

/// The address for HTTP; `None` for what is none.
pub(super) fn http(signal: &'static str, settings: &SignalSettings) -> Option<Uri> {
    match &settings.endpoint {
        Endpoint::Base(base) => below(base, &format!("v1/{signal}")),
        Endpoint::Exact(address) => address.parse().ok(),
    }
}

/// The address of another interface of a server that spans are sent to; `None` where spans go elsewhere
/// than below `v1/traces`.
pub(super) fn beside(settings: &SignalSettings, path: &str) -> Option<Uri> {
    let base = match &settings.endpoint {
        Endpoint::Base(base) => base,
        Endpoint::Exact(address) => {
            let address = address.split(['?', '#']).next()?.trim_end_matches('/');
            address.strip_suffix("/v1/traces")?
        }
    };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let base = base.split(['?', '#']).next()?;
    let address = below(base, path)?;
    match query {
        "" => Some(address),
        query => format!("{address}?{query}").parse().ok(),
    }
}

/// The address of `path` below `base`: its path grows, its query stays.
fn below(base: &str, path: &str) -> Option<Uri> {
    let mut parts = base.parse::<Uri>().ok()?.into_parts();
    let (before, query) = match &parts.path_and_query {
        Some(old) => (old.path().trim_end_matches('/'), old.query()),
        None => ("", None),
    };
    let joined = match query {
        Some(query) => format!("{before}/{path}?{query}"),
        None => format!("{before}/{path}"),
    };
    parts.path_and_query = Some(joined.parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// An endpoint that is no address.
pub(super) fn refused(
    signal: &'static str,
    endpoint: &Endpoint,
    advice: &'static str,
) -> StartError {
    StartError::Endpoint {
        signal,
        endpoint: endpoint.clone(),
        advice,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_the_environment_are_not_sent() {
        let map = |pairs: &[(&'static str, &'static str)]| -> HeaderMap {
            let pairs = pairs.iter().map(|&(name, value)| {
                let name = HeaderName::from_static(name);
                (name, HeaderValue::from_static(value))
            });
            pairs.collect()
        };
        let exporters = map(&[
            ("content-type", "application/x-protobuf"),
            ("user-agent", "exporter"),
            ("authorization", "environment"),
            ("x-other", "environment"),
        ]);
        let sent = headed(&exporters, &map(&[("authorization", "flag")]));
        let expected = map(&[
            ("content-type", "application/x-protobuf"),
            ("user-agent", "exporter"),
            ("authorization", "flag"),
        ]);
        assert_eq!(sent, expected);
        let sent = headed(&exporters, &map(&[("user-agent", "flag")]));
        assert_eq!(sent["user-agent"], "flag");
    }

    #[test]
    fn another_interface_is_beside_that_of_spans() {
        let beside = |endpoint| {
            let address = beside(&SignalSettings::new(endpoint), "v1/a?sync=true");
            address.map(|address| address.to_string())
        };
        let wanted = Some("https://h/x/v1/a?sync=true".to_owned());
        assert_eq!(beside(Endpoint::Base("https://h/x/".into())), wanted);
        assert_eq!(
            beside(Endpoint::Exact("https://h/x/v1/traces".into())),
            wanted
        );
        assert_eq!(beside(Endpoint::Exact("https://h/x/spans".into())), None);
    }

    #[test]
    fn a_path_grows_before_the_query() {
        for (base, whole) in [
            ("http://h:4318", "http://h:4318/v1/traces"),
            ("http://h:4318/", "http://h:4318/v1/traces"),
            ("https://h/otlp/", "https://h/otlp/v1/traces"),
            ("http://h/x?key=1", "http://h/x/v1/traces?key=1"),
            ("http://h?key=1", "http://h/v1/traces?key=1"),
        ] {
            let uri = below(base, "v1/traces").unwrap();
            assert_eq!(uri.to_string(), whole);
        }
        assert_eq!(below("http://", "v1/traces"), None);
    }
}
