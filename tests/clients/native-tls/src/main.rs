//! Calls one after the other, streamed, and at once, over each version of HTTP.

use std::{env, error::Error, fs, thread, time::Duration};

use reqwest::{Certificate, Client, ClientBuilder};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Long enough for somebody to look at the process.
const A_WHILE: Duration = Duration::from_secs(1);

fn main() -> Result<()> {
    if env::args().nth(1).as_deref() == Some("--version") {
        println!("reqwest 0.12");
        thread::sleep(A_WHILE);
        return Ok(());
    }
    calls()
}

#[tokio::main]
async fn calls() -> Result<()> {
    let both = builder()?.build()?;
    let first = builder()?.http1_only().build()?;
    for (client, n) in [(&both, 801), (&first, 811)] {
        ask(client, n, "", false).await?;
        ask(client, n + 1, "-stream-20", true).await?;
        ask(client, n + 2, "-bytes-100000", false).await?;
    }
    for client in [both, first] {
        let calls = (0..30).map(|n| {
            let client = client.clone();
            tokio::spawn(async move { ask(&client, 840 + n, "-stream-5-pace-2", true).await })
        });
        for call in calls.collect::<Vec<_>>() {
            call.await??;
        }
    }
    Ok(())
}

fn builder() -> Result<ClientBuilder> {
    let authority = Certificate::from_pem(&fs::read(env::var("CA")?)?)?;
    Ok(Client::builder()
        .tls_built_in_root_certs(false)
        .add_root_certificate(authority))
}

async fn ask(client: &Client, n: usize, words: &str, stream: bool) -> Result<()> {
    let body = format!(
        r#"{{"model":"gpt-4o-mini{words}","messages":[{{"role":"user","content":"n={n}"}}],
        "stream":{stream},"stream_options":{{"include_usage":true}}}}"#
    );
    let answer = client
        .post(format!("{}/v1/chat/completions", env::var("PROVIDER")?))
        .header("content-type", "application/json")
        .bearer_auth(env::var("OPENAI_API_KEY")?)
        .body(body)
        .send()
        .await?
        .error_for_status()?;
    let text = answer.text().await?;
    let wanted = format!(r#""prompt_tokens":{n}"#);
    if !text.contains(&wanted) {
        return Err(format!("no {wanted} in {text}").into());
    }
    Ok(())
}
