//! The agent's own metrics, read for assertions.

/// Sum of a metric over its series, 0 if it has none.
pub fn sum(page: &str, name: &str) -> u64 {
    let series = page.lines().filter_map(|line| line.strip_prefix(name));
    series
        .filter(|rest| rest.starts_with(['{', ' ']))
        .filter_map(|rest| rest.rsplit(' ').next()?.parse::<f64>().ok())
        .sum::<f64>() as u64
}

/// Counters that say that something was not seen or not delivered: all should be zero.
const LOSSES: [&str; 7] = [
    "llm_tracer_lost_bytes_total",
    "llm_tracer_lost_events_total",
    "llm_tracer_lost_exchanges_total",
    "llm_tracer_evicted_connections_total",
    "llm_tracer_shed_exchanges_total",
    "llm_tracer_export_dropped_total",
    "llm_tracer_export_failed_total",
];

/// The lines of those that are not.
pub fn losses(page: &str) -> Vec<String> {
    let is_loss = |line: &&str| {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        LOSSES.contains(&name) && !line.ends_with(" 0")
    };
    page.lines().filter(is_loss).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_told_by_line() {
        let page = "llm_tracer_lost_bytes_total{reason=\"ring\"} 7\nllm_tracer_lost_events_total{reason=\"ring\"} 0\n\
                    llm_tracer_calls_total 9\nllm_tracer_probes{a=\"b\"} 3\nllm_tracer_probes{a=\"c\"} 4\n";
        assert_eq!(
            losses(page),
            ["llm_tracer_lost_bytes_total{reason=\"ring\"} 7"]
        );
        assert_eq!(sum(page, "llm_tracer_probes"), 7);
    }
}
