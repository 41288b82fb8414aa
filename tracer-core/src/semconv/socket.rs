//! Where the bytes of a call really went.

use super::{attributes as names, build::Builder};
use crate::{detect::Role, llm::call::CallFacts};

/// Adds both ends of the connection's socket, if it is known. The other one stands for the host of a request
/// that the wire did not tell; on spans only, since behind one name there may be many addresses.
pub(super) fn add_socket(add: &mut Builder, facts: &CallFacts) {
    let Some(socket) = facts.socket else {
        return;
    };
    let (local, peer) = (socket.pair.local, socket.pair.peer);
    let (address, port) = (peer.ip().to_string(), Some(u64::from(peer.port())));
    match facts.role {
        Role::Client if facts.host.is_none() => {
            add.text(names::SERVER_ADDRESS, Some(&address));
            add.count(names::SERVER_PORT, port);
        }
        Role::Client => {}
        Role::Server => {
            add.text(names::CLIENT_ADDRESS, Some(&address));
            add.count(names::CLIENT_PORT, port);
        }
    }
    add.text(names::NETWORK_PEER_ADDRESS, Some(&address));
    add.count(names::NETWORK_PEER_PORT, port);
    add.text(names::NETWORK_LOCAL_ADDRESS, Some(&local.ip().to_string()));
    add.count(names::NETWORK_LOCAL_PORT, Some(local.port().into()));
    add.label(
        names::LLM_TRACER_NETWORK_PEER_CONFIDENCE,
        socket.confidence.name(),
    );
}
