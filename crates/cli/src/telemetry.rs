//! Local logs on standard error: identifiers, counts, durations and error codes, never evidence text.

use tracing_subscriber::EnvFilter;

/// Starts logging. `verbose`: 0 warnings, 1 information, 2 debug, more trace. `quiet`: errors only.
/// `ZAPYS_LOG` overrides with a filter expression. Only crates of zapys log below warning: others may print their input.
pub fn start(verbose: u8, quiet: bool) {
    let level = match (quiet, verbose) {
        (true, _) => "error",
        (_, 0) => "warn",
        (_, 1) => "info",
        (_, 2) => "debug",
        _ => "trace",
    };
    let own: String = ["cli", "server", "casework", "store", "search", "engines", "vault", "formats", "ledger", "dossier"]
        .iter()
        .map(|c| format!(",zapys_{c}={level}"))
        .collect();
    let filter = std::env::var("ZAPYS_LOG").ok().and_then(|f| EnvFilter::try_new(f).ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new(format!("off{own}")));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(true).init();
}
