//! Takes content and credentials out of what the capture side delivers, before it is on a tape.
//!
//! Everything is masked unless it is known to be harmless; what cannot be told apart is left out,
//! as a gap. In this order:
//!
//! - a connection that does not begin a turn with a head of HTTP/1, from the client's side, is left
//!   out altogether: HTTP/2, WebSocket, other protocols, servers;
//! - a request that is no call of a model keeps its method and its framing, its exchange no bodies;
//! - heads keep the names of their headers, and the values that the allow list admits; paths what
//!   recognition needs ([`head`]);
//! - bodies of JSON and of server-sent events keep their structure and the members that the
//!   adapters read ([`members`]); all else in them is `x`, in the same length;
//! - bodies with a content coding are written decoded, since they cannot be masked in place.
//!
//! What the pipeline makes of a masked tape is what it made of the traffic, except for what was
//! left out.

mod body;
mod connection;
mod events;
mod head;
mod json;
mod members;
mod side;
mod traffic;

pub use traffic::Mask;

#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
