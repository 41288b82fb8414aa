//! Tier 0: the agent's watch of pods against a double of the Kubernetes API.

mod failures;
mod scene;
mod watching;
