//! Real backends: started for a test, and asked what they keep of what they were sent.

pub mod api;
pub mod compare;
pub mod kept;
pub mod mlflow;
pub mod phoenix;
mod server;
