//! Counters from the agent's own metrics page.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

use anyhow::{Context, ensure};

/// The page as text, from `127.0.0.1:port/metrics`.
pub fn scrape(port: u16) -> anyhow::Result<String> {
    let mut stream =
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("the agent serves no metrics")?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, page) = answer
        .split_once("\r\n\r\n")
        .context("the metrics page is cut short")?;
    ensure!(
        head.starts_with("HTTP/1.1 200"),
        "the metrics page says {}",
        head.lines().next().unwrap_or_default()
    );
    Ok(page.to_owned())
}

/// Sum of a metric over its series, 0 if it has none.
pub fn sum(page: &str, name: &str) -> u64 {
    page.lines()
        .filter_map(|line| line.strip_prefix(name))
        .filter(|rest| rest.starts_with(['{', ' ']))
        .filter_map(|rest| rest.rsplit(' ').next()?.parse::<f64>().ok())
        .sum::<f64>() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_summed_by_exact_name() {
        let page = "# TYPE a counter\na_total{x=\"1\"} 3\na_total{x=\"2 3\"} 4\na_totals 9\nb 1\n";
        assert_eq!(sum(page, "a_total"), 7);
        assert_eq!(sum(page, "b"), 1);
        assert_eq!(sum(page, "c"), 0);
    }
}
