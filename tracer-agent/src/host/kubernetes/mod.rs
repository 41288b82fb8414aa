//! Whose pods the processes of this node run in, as the Kubernetes API tells.
//!
//! ```text
//! Kubernetes API ─► Api ─► Watcher ─► Directory ◄─ find(placement) ─ capture thread
//! (one node's pods)       list, watch   pods                └► complete(process) ─► outputs
//! ```
//!
//! The API is asked for the pods of this node and nothing else: no workloads, no secrets. What
//! owns a pod is told by the pod itself, and the workload above that by its name.

pub mod api;
pub mod backoff;
pub mod complete;
pub mod directory;
pub mod failure;
pub mod image;
pub mod lines;
pub mod object;
pub mod pod;
pub mod settings;
pub mod watcher;
pub mod workload;
