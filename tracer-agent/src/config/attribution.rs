//! To whom calls belong: where the operator says that it is told.

use std::path::PathBuf;

use tracer_core::attribution::{Dimension, Source};

use super::{
    error::ConfigError,
    layers::Layers,
    registry as keys,
    setting::{Refusal, Scalar},
};

/// What calls are attributed to, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributionConfig {
    /// The sources of each dimension, the best first.
    pub sources: Vec<(Dimension, Vec<Source>)>,
    /// The dimensions that metrics have.
    pub metrics: Vec<Dimension>,
    /// Values of each of those that have series of their own.
    pub metric_values: usize,
    /// Where the salt of names of API keys is kept.
    pub salt: Option<PathBuf>,
}

/// Takes the keys of `[attribution]`.
pub(super) fn resolve(layers: &Layers) -> Result<AttributionConfig, ConfigError> {
    let of = |dimension, sources: Vec<SourceName>| {
        (dimension, sources.into_iter().map(|it| it.0).collect())
    };
    let metrics = layers.get(&keys::ATTRIBUTION_METRICS)?;
    let metric_values = layers.get(&keys::ATTRIBUTION_METRIC_VALUES)?;
    Ok(AttributionConfig {
        sources: vec![
            of(Dimension::App, layers.get(&keys::ATTRIBUTION_APP)?),
            of(
                Dimension::Environment,
                layers.get(&keys::ATTRIBUTION_ENVIRONMENT)?,
            ),
            of(
                Dimension::Workspace,
                layers.get(&keys::ATTRIBUTION_WORKSPACE)?,
            ),
            of(Dimension::Feature, layers.get(&keys::ATTRIBUTION_FEATURE)?),
            of(Dimension::User, layers.get(&keys::ATTRIBUTION_USER)?),
            of(Dimension::Team, layers.get(&keys::ATTRIBUTION_TEAM)?),
        ],
        metrics: metrics.into_iter().map(|it: DimensionName| it.0).collect(),
        metric_values: usize::try_from(metric_values).unwrap_or(usize::MAX),
        salt: layers.get(&keys::ATTRIBUTION_SALT)?,
    })
}

/// A source as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceName(Source);

impl Scalar for SourceName {
    const VALUE_NAME: &'static str = "SOURCE";
    const EXPECTS: &'static str = "a source such as header:x-team";
    const EXPECTS_LIST: &'static str = "sources such as header:x-team, the best first";

    fn from_text(text: &str) -> Result<Self, Refusal> {
        let source = text.parse().map(Self);
        source.map_err(|error: tracer_core::attribution::SourceError| Refusal(error.to_string()))
    }

    fn to_text(&self) -> String {
        self.0.to_string()
    }
}

/// A dimension by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DimensionName(Dimension);

impl Scalar for DimensionName {
    const VALUE_NAME: &'static str = "DIMENSION";
    const EXPECTS: &'static str = "app, environment, workspace, feature, user or team";
    const EXPECTS_LIST: &'static str = "some of app, environment, workspace, feature, user, team";
    const CHOICES: &'static [&'static str] =
        &["app", "environment", "workspace", "feature", "user", "team"];

    fn from_text(text: &str) -> Result<Self, Refusal> {
        let dimension = text.parse().map(Self);
        dimension
            .map_err(|error: tracer_core::attribution::DimensionError| Refusal(error.to_string()))
    }

    fn to_text(&self) -> String {
        self.0.name().to_owned()
    }
}
