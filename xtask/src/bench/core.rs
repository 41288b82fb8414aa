//! The limits of the core, which its own benchmarks hold.

use crate::step;

/// Those that fail beyond a limit: what policy and correlation cost a call, how fast content is masked, what
/// a million sessions hold, and whether costs grow with sizes.
const BENCHES: [&str; 4] = ["cost", "masked", "million", "linear"];

/// Runs all of them; needs no root.
///
/// # Errors
/// If a limit is crossed.
pub fn run() -> anyhow::Result<()> {
    let mut crossed = Vec::new();
    for name in BENCHES {
        let mut cargo = step::cargo();
        cargo.args([
            "bench",
            "--quiet",
            "--package",
            "tracer-core",
            "--bench",
            name,
        ]);
        println!("{name}:");
        if let Err(error) = step::run(&mut cargo) {
            crossed.push(format!("{name}: {error:#}"));
        }
    }
    anyhow::ensure!(
        crossed.is_empty(),
        "limits of the core are crossed: {}",
        crossed.join("; ")
    );
    Ok(())
}
