//! OTLP over gRPC: one unary call per request.

use hyper::{HeaderMap, body::Bytes, http::uri::PathAndQuery};
use prost::Message as _;
use tonic::{
    Request, Status,
    codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder},
    metadata::MetadataMap,
    transport::Channel,
};

use super::answer::{Answer, Failure};

/// Sends encoded requests of one signal.
#[derive(Debug)]
pub(super) struct GrpcSender {
    channel: Channel,
    path: PathAndQuery,
    headers: MetadataMap,
    gzip: bool,
}

impl GrpcSender {
    pub(super) fn new(
        channel: Channel,
        path: &'static str,
        headers: HeaderMap,
        gzip: bool,
    ) -> Self {
        Self {
            channel,
            path: PathAndQuery::from_static(path),
            headers: MetadataMap::from_headers(headers),
            gzip,
        }
    }

    pub(super) async fn send(&self, body: Bytes) -> Result<Answer, Failure> {
        let mut client = tonic::client::Grpc::new(self.channel.clone());
        if self.gzip {
            client = client
                .send_compressed(CompressionEncoding::Gzip)
                .accept_compressed(CompressionEncoding::Gzip);
        }
        client
            .ready()
            .await
            .map_err(|error| Failure::of_connection(&error))?;
        let mut request = Request::new(body);
        *request.metadata_mut() = self.headers.clone();
        let answer = client.unary(request, self.path.clone(), Encoded).await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| Failure::of_grpc(&status))
    }
}

/// Requests are encoded once, before the first attempt.
#[derive(Debug, Clone, Copy)]
struct Encoded;

impl Codec for Encoded {
    type Encode = Bytes;
    type Decode = Answer;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Encoded {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        bytes::BufMut::put(to, item);
        Ok(())
    }
}

impl Decoder for Encoded {
    type Item = Answer;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Answer>, Status> {
        // The request was taken, whatever is wrong with the message about it.
        Ok(Some(Answer::decode(from).unwrap_or_default()))
    }
}
