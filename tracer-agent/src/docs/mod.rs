//! The reference pages, generated from the registries so that they cannot be wrong.

mod attributes;
mod backends;
mod configuration;
pub mod doctor;
mod environment;
mod metrics;
mod providers;
mod table;

/// A page: its file name in `docs/reference` and its Markdown.
pub type Page = (&'static str, String);

/// All pages.
pub fn pages() -> [Page; 7] {
    [
        ("configuration.md", configuration::page()),
        ("environment.md", environment::page()),
        ("attributes.md", attributes::page()),
        ("backends.md", backends::page()),
        ("metrics.md", metrics::page()),
        ("providers.md", providers::page()),
        ("doctor.md", doctor::page()),
    ]
}
