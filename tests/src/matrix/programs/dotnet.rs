//! .NET, whose TLS is libssl.

use crate::{
    harness::{client, dotnet::Dotnet, requirements::Need},
    matrix::program::{Listed, Program, Tls},
};

pub fn programs() -> Vec<Listed> {
    vec![
        http_client(
            ".NET Core 3.1, HttpClient",
            Dotnet::Core,
            "openssl/1.1.1/*libssl",
        ),
        http_client(".NET 9, HttpClient", Dotnet::Newer, "/libssl.so"),
    ]
}

fn http_client(name: &'static str, dotnet: Dotnet, file: &'static str) -> Listed {
    let command = match Need::Dotnet(dotnet).missing() {
        None => dotnet
            .command(&["--version"])
            .map_err(|error| format!("{error:#}")),
        Some(reason) => Err(reason),
    };
    match command {
        Ok(version) => Listed::Here(Box::new(Program {
            name: name.to_owned(),
            version,
            tls: Tls::In(file),
            calls: Box::new(move |provider| Ok(vec![client::dotnet(dotnet, provider)?])),
        })),
        Err(reason) => Listed::Absent {
            name: name.to_owned(),
            reason,
        },
    }
}
