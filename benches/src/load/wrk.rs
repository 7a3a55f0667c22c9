//! `wrk`, the closed loop of the exchange figures. It is a known program, so that nobody has to trust ours.

use crate::Outcome;
use crate::stats::real;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

/// The requests to send and their number.
#[derive(Debug, Clone)]
pub(crate) struct Load<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) path: &'a str,
    pub(crate) authorization: &'a str,
    pub(crate) body: &'a str,
    pub(crate) connections: u32,
    pub(crate) seconds: u64,
}

/// The result of `wrk`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WrkResult {
    pub(crate) per_second: f64,
    pub(crate) requests: f64,
    /// Median latency in microseconds.
    pub(crate) p50: f64,
    /// 99th percentile of the latency in microseconds.
    pub(crate) p99: f64,
}

/// Runs `wrk` with one thread. Its script is written into `dir`.
pub(crate) fn wrk(load: &Load<'_>, dir: &Path) -> Outcome<WrkResult> {
    let script = dir.join("post.lua");
    // The body is JSON without a `]]`, so it can be a long string of Lua.
    let text = format!(
        "wrk.method = 'POST'\nwrk.body = [[{}]]\nwrk.headers['content-type'] = 'application/json'\n\
         wrk.headers['authorization'] = '{}'\n",
        load.body, load.authorization
    );
    std::fs::write(&script, text).map_err(|e| format!("{}: {e}", script.display()))?;
    let mut command = Command::new("wrk");
    command.args([
        "-t1",
        "--latency",
        &format!("-c{}", load.connections),
        &format!("-d{}s", load.seconds),
        "-s",
    ]);
    command.arg(&script).arg(format!("http://{}{}", load.address, load.path));
    let output = command.output().map_err(|e| format!("cannot run wrk: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    read(&text).ok_or_else(|| format!("wrk: {text}{}", String::from_utf8_lossy(&output.stderr)))
}

/// Reads the report of `wrk`; `None` if requests failed, because then the figures mean nothing.
fn read(text: &str) -> Option<WrkResult> {
    if text.contains("Non-2xx") || text.contains("Socket errors") {
        return None;
    }
    let words = |begin: &str| {
        let line = text.lines().map(str::trim).find_map(|line| line.strip_prefix(begin))?;
        line.split_whitespace().next()
    };
    let count = text.lines().find(|line| line.contains(" requests in "))?.split_whitespace().next()?;
    Some(WrkResult {
        per_second: words("Requests/sec:")?.parse().ok()?,
        requests: real(count.parse().ok()?),
        p50: micros(words("50%")?)?,
        p99: micros(words("99%")?)?,
    })
}

fn micros(text: &str) -> Option<f64> {
    let units = [("us", 1.0), ("ms", 1e3), ("s", 1e6)];
    units.iter().find_map(|(unit, factor)| Some(text.strip_suffix(unit)?.parse::<f64>().ok()? * factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "  Latency Distribution\n     50%    1.15ms\n     75%    2.00ms\n     99%  900.00us\n  \
                          90 requests in 3.00s, 1MB read\nRequests/sec:  30.50\n";

    #[test]
    fn a_report_is_read() {
        let found = read(REPORT).unwrap();
        assert_eq!(format!("{:.0?}", [found.p50, found.p99, found.requests]), "[1150, 900, 90]");
        assert!(read(&format!("{REPORT}  Non-2xx or 3xx responses: 3\n")).is_none());
    }
}
