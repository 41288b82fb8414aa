//! A driver (`tests/clients/drivers`) of reqwest with rustls.

use std::{
    env,
    error::Error,
    fs,
    io::{BufRead as _, Write as _},
    thread,
    time::{Duration, Instant},
};

use reqwest::{Certificate, Client};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    #[cfg(feature = "aws-lc")]
    let cryptography = rustls::crypto::aws_lc_rs::default_provider();
    #[cfg(feature = "ring")]
    let cryptography = rustls::crypto::ring::default_provider();
    cryptography
        .install_default()
        .map_err(|_| "installed twice")?;
    let client = connect()?;
    tell("up")?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let mut words = line.split(' ');
        match words.next().unwrap_or_default() {
            "load" => {
                let mut number = || words.next().map_or(Ok(0.0), str::parse);
                load(number()?, number()?).await?;
            }
            n => {
                call(&client, n.parse()?, words.next().unwrap_or_default()).await?;
                tell(&format!("answered {n}"))?;
            }
        }
    }
    Ok(())
}

fn tell(line: &str) -> Result<()> {
    let mut output = std::io::stdout();
    writeln!(output, "{line}")?;
    Ok(output.flush()?)
}

fn connect() -> Result<Client> {
    let authority = Certificate::from_pem(&fs::read(env::var("CA")?)?)?;
    let builder = Client::builder()
        .tls_built_in_root_certs(false)
        .add_root_certificate(authority);
    Ok(builder.http1_only().build()?)
}

async fn call(client: &Client, n: u64, words: &str) -> Result<()> {
    let stream = words.contains("-stream-");
    let body = format!(
        r#"{{"model":"gpt-4o-mini{words}","messages":[{{"role":"user","content":"n={n}"}}],"stream":{stream},"stream_options":{{"include_usage":true}}}}"#
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
    if !text.contains(&format!(r#""prompt_tokens":{n},"#)) {
        return Err(format!("a wrong answer to n={n}: {text}").into());
    }
    Ok(())
}

async fn load(seconds: f64, pause: f64) -> Result<()> {
    let (client, begun) = (connect()?, Instant::now());
    let (mut made, mut busy) = (0, Duration::ZERO);
    while begun.elapsed().as_secs_f64() < seconds {
        let before = Instant::now();
        call(&client, 1000 + made % 1000, "").await?;
        busy += before.elapsed();
        made += 1;
        if pause > 0.0 {
            // Nothing else is to be done meanwhile.
            thread::sleep(Duration::from_secs_f64(pause / 1000.0));
        }
    }
    tell(&format!("made {made} {}", busy.as_micros()))
}
