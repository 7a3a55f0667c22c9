//! An app for Node that records when it listens and when it gets an event. The same code runs alone and installed.

use crate::Outcome;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The way in which an app is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `footbridge.command`: the app opens its listener.
    Command,
    /// `bolt.main`: the server's Node host opens the listener.
    Hosted,
}

/// An app in its directory.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) name: String,
    pub(crate) dir: PathBuf,
}

/// The code of the app. Times are those of the monotonic clock, which is the same for all processes of a machine.
const APP: &str = "const fs = require('fs');
exports.note = (what) => fs.appendFileSync(__dirname + '/times', what + ' ' + process.hrtime.bigint() + '\\n');
exports.handle = (request, response) => {
  if (request.url === '/measured') exports.note('delivered');
  request.resume();
  request.on('end', () => response.end());
};
";
const HOSTED: &str = "module.exports = require('./app.js').handle;\n";
const BARE: &str = "const { note, handle } = require('./app.js');
require('http').createServer(handle).listen(Number(process.env.PORT), '127.0.0.1', () => note('listening'));
";

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Command => "by-command",
            Self::Hosted => "hosted",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl App {
    /// Writes the app into an empty directory.
    pub(crate) fn write(dir: &Path, kind: Kind, name: &str) -> Outcome<Self> {
        let run = match kind {
            Kind::Command => r#""footbridge":{"command":["node","bare.js"]},"bolt":{"#,
            Kind::Hosted => r#""bolt":{"main":"hosted.js","#,
        };
        let hooks = format!(r#""hooks":{{"bolt/app-starting":"starting","{name}":"measured"}}}}"#);
        let package = format!(r#"{{"name":"{name}","version":"1.0.0",{run}{hooks}}}"#);
        let files =
            [("package.json", package.as_str()), ("app.js", APP), ("hosted.js", HOSTED), ("bare.js", BARE)];
        for (file, text) in files {
            fs::write(dir.join(file), text).map_err(|e| format!("{}: {e}", dir.join(file).display()))?;
        }
        Ok(Self { name: name.to_owned(), dir: dir.to_owned() })
    }

    /// Returns the times at which the app did `what`, in seconds of the monotonic clock.
    pub(crate) fn times(&self, what: &str) -> Vec<f64> {
        let text = fs::read_to_string(self.dir.join("times")).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| text.get(..end).unwrap_or_default());
        let nanos = |line: &str| line.strip_prefix(what)?.trim().parse::<f64>().ok();
        whole.lines().filter_map(nanos).map(|nanos| nanos / 1e9).collect()
    }

    /// Waits until the app has done `what` more than `seen` times and returns the time of the last one.
    pub(crate) fn wait_for(&self, what: &str, seen: usize, within: Duration) -> Outcome<f64> {
        let started = Instant::now();
        loop {
            if let Some(time) = self.times(what).get(seen) {
                return Ok(*time);
            }
            if started.elapsed() > within {
                return Err(format!("`{}` was not {what} within {within:?}", self.name));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}
