//! Where a value may come from, as the operator writes it.

use std::{fmt, str::FromStr};

use thiserror::Error;

use crate::http::allow_list::{AllowList, AllowListError};

/// Members on the way to a value in JSON.
const PATH_DEPTH: usize = 4;
/// Bytes of a name.
const NAME_BYTES: usize = 128;

/// Where a value may come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// `header:NAME`, a header of the request; `header:NAME#PATH` a member of the JSON object in it.
    Header(HeaderSource),
    /// `response:NAME`, a header of the answer; with `#PATH` as well.
    Response(HeaderSource),
    /// `baggage:KEY`, a member of the W3C header `baggage`.
    Baggage(String),
    /// `body:PATH`, a member of the request's JSON object, such as `metadata.user_id`.
    Body(Vec<String>),
    /// `api-key`, a keyed hash of the credential that the request carries.
    ApiKey,
    /// `resource:NAME`, an attribute of the process's resource, such as `service.name`.
    Resource(String),
}

/// A header and perhaps a member of the object in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HeaderSource {
    /// Lower case.
    pub(super) name: String,
    /// Empty for the whole value.
    pub(super) path: Vec<String>,
}

/// A text is no source.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SourceError {
    /// It begins with no kind of source.
    #[error(
        "`{0}` is no source: write header:NAME, header:NAME#MEMBER, response:NAME, baggage:KEY, body:PATH, resource:NAME or api-key"
    )]
    Kind(String),
    /// A path has empty or too many members.
    #[error(
        "`{0}` is no path: write at most {PATH_DEPTH} names of members with dots between them, such as metadata.user_id"
    )]
    Path(String),
    /// A name is empty or too long.
    #[error("`{0}` is no name")]
    Name(String),
    /// The header cannot be kept.
    #[error(transparent)]
    Header(#[from] AllowListError),
}

impl FromStr for Source {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        if text == "api-key" {
            return Ok(Self::ApiKey);
        }
        let (kind, rest) = text
            .split_once(':')
            .ok_or_else(|| SourceError::Kind(text.to_owned()))?;
        match kind {
            "header" => Ok(Self::Header(rest.parse()?)),
            "response" => Ok(Self::Response(rest.parse()?)),
            "baggage" => Ok(Self::Baggage(name(rest)?)),
            "body" => Ok(Self::Body(path(rest)?)),
            "resource" => Ok(Self::Resource(name(rest)?)),
            _ => Err(SourceError::Kind(text.to_owned())),
        }
    }
}

impl FromStr for HeaderSource {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let (header, member) = match text.split_once('#') {
            Some((header, member)) => (header, path(member)?),
            None => (text, Vec::new()),
        };
        // None that may carry a credential.
        AllowList::with([header])?;
        Ok(Self {
            name: header.to_ascii_lowercase(),
            path: member,
        })
    }
}

impl fmt::Display for HeaderSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.path.is_empty() {
            return Ok(());
        }
        write!(f, "#{}", self.path.join("."))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(header) => write!(f, "header:{header}"),
            Self::Response(header) => write!(f, "response:{header}"),
            Self::Baggage(key) => write!(f, "baggage:{key}"),
            Self::Body(path) => write!(f, "body:{}", path.join(".")),
            Self::ApiKey => f.write_str("api-key"),
            Self::Resource(name) => write!(f, "resource:{name}"),
        }
    }
}

fn name(text: &str) -> Result<String, SourceError> {
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control();
    if text.is_empty() || text.len() > NAME_BYTES || !text.chars().all(is_plain) {
        return Err(SourceError::Name(text.to_owned()));
    }
    Ok(text.to_owned())
}

fn path(text: &str) -> Result<Vec<String>, SourceError> {
    let parts: Vec<&str> = text.split('.').collect();
    if parts.len() > PATH_DEPTH {
        return Err(SourceError::Path(text.to_owned()));
    }
    let names = parts.into_iter().map(name).collect::<Result<_, _>>();
    names.map_err(|_| SourceError::Path(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_shown_again() {
        for text in [
            "header:x-team",
            "header:x-portkey-metadata#_user",
            "response:anthropic-workspace-id",
            "baggage:user.id",
            "body:metadata.user_id",
            "resource:k8s.pod.label.team",
            "api-key",
        ] {
            assert_eq!(text.parse::<Source>().expect(text).to_string(), text);
        }
        let header: Source = "header:X-Team".parse().unwrap();
        assert_eq!(header.to_string(), "header:x-team");
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (text, expected) in [
            (
                "x-team",
                "`x-team` is no source: write header:NAME, header:NAME#MEMBER, response:NAME, baggage:KEY, body:PATH, resource:NAME or api-key",
            ),
            (
                "header:Authorization",
                "header `Authorization` may carry a credential and is never kept: take it off the list",
            ),
            (
                "header:x-api-key#a",
                "header `x-api-key` may carry a credential and is never kept: take it off the list",
            ),
            (
                "body:a..b",
                "`a..b` is no path: write at most 4 names of members with dots between them, such as metadata.user_id",
            ),
            (
                "body:a.b.c.d.e",
                "`a.b.c.d.e` is no path: write at most 4 names of members with dots between them, such as metadata.user_id",
            ),
            ("baggage:", "`` is no name"),
        ] {
            let error = text.parse::<Source>().expect_err(text);
            assert_eq!(error.to_string(), expected);
        }
    }
}
