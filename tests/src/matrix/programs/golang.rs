//! Programs in Go.

use std::process::Command;

use crate::{
    harness::{
        client,
        requirements::{Need, golang_client},
    },
    matrix::program::{Listed, Program, Tls},
};

/// As the table names them, and which client each is.
const CLIENTS: [(&str, &str); 7] = [
    ("Go, net/http", "go1_27_symbols"),
    ("Go, net/http, stripped", "go1_27_stripped"),
    ("Go, net/http, stripped, position-independent", "go1_27_pie"),
    ("Go, net/http, stripped, with cgo", "go1_27_cgo"),
    ("Go, net/http, not optimised", "go1_27_unoptimised"),
    ("Go, net/http, stripped, oldest compiler", "go1_21_stripped"),
    (
        "Go, net/http, stripped, Debian's compiler",
        "debian_stripped",
    ),
];

pub fn programs() -> Vec<Listed> {
    CLIENTS.map(|(name, client)| listed(name, client)).into()
}

fn listed(name: &'static str, client: &'static str) -> Listed {
    Listed::unless(Need::Golang(client).missing(), name, || {
        let path = golang_client(client);
        let mut version = Command::new(&path);
        version.arg("version");
        let calls = move |http: &'static str, from: u64| {
            let each = ["plain", "stream", "gzip", "large"];
            let each = (from..).zip(each).map(|(n, kind)| format!("{kind}:{n}"));
            let many = format!("many:{}:100", from + 10);
            let words: Vec<String> = each.chain([many]).collect();
            (http, words)
        };
        Program {
            name: name.to_owned(),
            version,
            tls: Tls::In(client),
            calls: Box::new(move |provider| {
                let both = [calls("1", 2000), calls("2", 3000)];
                let commands = both.map(|(http, words)| {
                    let mut command = client::program(&path, provider);
                    command.args([http, "4"]).args(words);
                    command
                });
                Ok(commands.into())
            }),
        }
    })
}
