//! Redis that syncs every write to the disk before it answers: the same guarantee as a publish.

use super::{free_address, listens};
use crate::Outcome;
use crate::machine::cpu_seconds;
use crate::stats::real;
use crate::workspace::{Program, Workspace};
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

/// A running Redis process.
#[derive(Debug)]
pub(crate) struct Redis {
    program: Program,
    address: SocketAddr,
}

/// The result of `redis-benchmark`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RedisResult {
    pub(crate) per_second: f64,
    /// Median latency in microseconds.
    pub(crate) p50: f64,
    /// 99th percentile of the latency in microseconds.
    pub(crate) p99: f64,
    /// Processor time of the Redis server for one entry, in microseconds.
    pub(crate) cpu: f64,
}

impl Redis {
    pub(crate) fn start(workspace: &Workspace) -> Outcome<Self> {
        let (dir, address) = (workspace.dir("redis")?, free_address()?);
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--port", &address.port().to_string(), "--dir"]).arg(&dir);
        command.args(["--appendonly", "yes", "--appendfsync", "always", "--save", ""]);
        command.args(["--auto-aof-rewrite-percentage", "0"]);
        let mut program = workspace.start(&mut command, &dir)?;
        program.wait(Duration::from_secs(10), || listens(address))?;
        Ok(Self { program, address })
    }

    /// Adds `count` entries of 1 KiB to a stream over several connections.
    pub(crate) fn xadd(&self, connections: u32, count: u64) -> Outcome<RedisResult> {
        let mut command = Command::new("redis-benchmark");
        command.args(["-p", &self.address.port().to_string(), "-c", &connections.to_string()]);
        command.args(["-n", &count.to_string(), "--csv", "XADD", "events", "*", "body", &"x".repeat(1024)]);
        let used = cpu_seconds(self.program.id());
        let output = command.output().map_err(|e| format!("cannot run redis-benchmark: {e}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let failed = || format!("redis-benchmark: {text}{}", String::from_utf8_lossy(&output.stderr));
        let [per_second, p50, p99] = read(&text).ok_or_else(failed)?;
        let cpu = (cpu_seconds(self.program.id()) - used) * 1e6 / real(count);
        Ok(RedisResult { per_second, p50, p99, cpu })
    }
}

/// Reads requests per second and the microseconds of p50 and p99 from the last line: name, requests per second, then in
/// milliseconds average, smallest, p50, p95, p99 and largest.
fn read(text: &str) -> Option<[f64; 3]> {
    let line = text.lines().rfind(|line| line.starts_with('"'))?;
    let mut fields = line.rsplit(',').map(|field| field.trim_matches('"').parse::<f64>().ok());
    let [p99, p50, per_second] = [fields.nth(1)??, fields.nth(1)??, fields.nth(2)??];
    Some([per_second, p50 * 1e3, p99 * 1e3])
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_report_is_read() {
        let text =
            "\"test\",\"rps\"\n\"XADD a, b\",\"50.5\",\"1.1\",\"0.2\",\"0.9\",\"1.5\",\"1.8\",\"2.5\"\n";
        assert_eq!(format!("{:.1?}", read(text).unwrap()), "[50.5, 900.0, 1800.0]");
    }
}
