//! The programs, one file for a runtime or a TLS library; a file lists its programs by a function.

mod curl;
mod dotnet;
mod gnutls;
mod golang;
mod java;
mod libcurl;
mod list;
mod native;
mod node;
mod nss;
mod php;
mod plain;
mod python;
mod ruby;
mod rustls;
mod shell;

pub use list::all;
