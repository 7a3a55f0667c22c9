//! Power loss: the database without any, or with only some, of the writes since the last sync.
//!
//! The server's writes are recorded by `strace`; from the record the files are made anew as a disk may hold them at
//! some moment, and the server starts on them. Every event that was acknowledged before that moment must be there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use harness::{App, Gateway, Receiver, Setup, WAIT, pause, until, until_some};
use serde_json::json;

/// The unit in which writes are lost, in bytes.
const PAGE: usize = 4096;
/// The number of moments that are tried; `FOOTBRIDGE_IMAGES` overrides it.
const IMAGES: usize = 24;

/// An entry of the record, in order.
#[derive(Debug)]
enum Act {
    Write {
        file: PathBuf,
        at: usize,
        bytes: Vec<u8>,
    },
    Cut {
        file: PathBuf,
        length: usize,
    },
    Synced {
        file: PathBuf,
    },
    /// An event was acknowledged.
    Acked(String),
}

/// The bytes of all `"\x41\x42"` strings in a line, concatenated.
fn bytes_of(line: &str) -> Vec<u8> {
    let strings = line.split('"').skip(1).step_by(2);
    let digits = strings.flat_map(|text| text.split("\\x").skip(1));
    digits.map(|digits| u8::from_str_radix(&digits[..2], 16).unwrap()).collect()
}

fn is_of_the_database(path: &Path, ends: &[&str]) -> bool {
    path.extension().is_some_and(|end| ends.iter().any(|known| end == *known))
}

/// The file in angle brackets behind a descriptor, if it belongs to the database.
fn file_of(call: &str) -> Option<PathBuf> {
    let path = call.split_once('<')?.1.split_once('>')?.0;
    let text: Vec<u8> = if path.starts_with("\\x") { bytes_of(&format!("\"{path}\"")) } else { path.into() };
    let path = PathBuf::from(String::from_utf8(text).ok()?);
    is_of_the_database(&path, &["db", "db-wal"]).then_some(path)
}

fn read(record: &str) -> Vec<Act> {
    let mut acts = Vec::new();
    // A call that is interrupted by another thread's continues on a separate line.
    let mut open: BTreeMap<&str, PathBuf> = BTreeMap::new();
    for line in record.lines() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        if call.contains("sync resumed") {
            acts.extend(open.remove(thread).map(|file| Act::Synced { file }));
        } else if call.starts_with("fsync(") || call.starts_with("fdatasync(") {
            let Some(file) = file_of(call) else { continue };
            if call.ends_with("unfinished ...>") {
                open.insert(thread, file);
            } else if call.ends_with("= 0") {
                acts.push(Act::Synced { file });
            }
        } else if call.starts_with("pwrite64(") {
            let Some(file) = file_of(call) else { continue };
            let numbers = call.rsplit_once('"').unwrap().1;
            let at = numbers.split(',').nth(2).unwrap().trim();
            let at = at.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap();
            acts.push(Act::Write { file, at, bytes: bytes_of(call.split_once(',').unwrap().1) });
        } else if call.starts_with("ftruncate(") {
            let Some(file) = file_of(call) else { continue };
            let length = call.split_once(", ").unwrap().1;
            let length = length.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap();
            acts.push(Act::Cut { file, length });
        } else if ["write(", "writev(", "sendto("].iter().any(|name| call.starts_with(name)) {
            let sent = String::from_utf8_lossy(&bytes_of(call)).into_owned();
            if let Some((_, id)) = sent.split_once(r#"{"code":0,"body":{"id":""#) {
                acts.push(Act::Acked(id.split('"').next().unwrap().to_owned()));
            }
        }
    }
    acts
}

/// The files as a disk may hold them after the first `moment` entries. `keeps` selects the unsynced pages that
/// survive.
fn image(start: &Files, acts: &[Act], moment: usize, mut keeps: impl FnMut() -> bool) -> Files {
    let mut files = start.clone();
    let last_sync = |file: &Path| {
        acts[..moment].iter().rposition(|act| matches!(act, Act::Synced { file: synced } if synced == file))
    };
    for (number, act) in acts[..moment].iter().enumerate() {
        match act {
            Act::Write { file, at, bytes } => {
                let synced = last_sync(file).is_some_and(|sync| number < sync);
                let content = files.entry(file.clone()).or_default();
                for (page, piece) in bytes.chunks(PAGE).enumerate() {
                    if synced || keeps() {
                        let at = at + page * PAGE;
                        content.resize(content.len().max(at + piece.len()), 0);
                        content[at..at + piece.len()].copy_from_slice(piece);
                    }
                }
            }
            Act::Cut { file, length } if last_sync(file).is_some_and(|sync| number < sync) => {
                files.entry(file.clone()).or_default().resize(*length, 0);
            }
            Act::Cut { .. } | Act::Synced { .. } | Act::Acked(_) => {}
        }
    }
    files
}

/// The files of the database in `dir`, including the index of its log.
fn database_files(dir: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| is_of_the_database(path, &["db", "db-wal", "db-shm"])).collect()
}

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// The current contents of the database and its log.
fn snapshot(gateway: &Gateway) -> Files {
    let files =
        database_files(gateway.dir()).into_iter().filter(|path| path.extension().unwrap() != "db-shm");
    files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Publishes thirty events. Returns the files from before and the record of the calls since then.
fn recorded(gateway: &mut Gateway, receiver: &Receiver) -> (Files, Vec<Act>) {
    until("a database at rest", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    let calls = "trace=fsync,fdatasync,pwrite64,ftruncate,write,writev,sendto";
    let strace = gateway.strace(&["-y", "-xx", "-s", "100000", "-e", calls]);
    let so_far = || strace.calls().len();
    // No writes may happen while the initial files are read, or the record would not continue from them.
    let (start, begins) = until_some("a moment without writes", WAIT, || {
        let (begins, start) = (so_far(), snapshot(gateway));
        pause(Duration::from_millis(300));
        (so_far() == begins && snapshot(gateway) == start).then_some((start, begins))
    });
    for n in 0..30 {
        gateway.bolt("camera").publish("x", &json!({ "body": "a".repeat(n * 300) }));
    }
    receiver.wait(30);
    drop(gateway.get("/livez"));
    let calls = strace.end();
    gateway.kill9();
    (start, read(&calls[begins..]))
}

/// A deterministic pseudo-random generator (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % end
    }
}

#[test]
fn an_acknowledged_event_survives_the_loss_of_unsynced_data() {
    let receiver = Receiver::start();
    let hooks = format!(r#""camera/*" = {{ route = "{}", type = "web" }}"#, receiver.url("/x"));
    let mut gateway = Setup::new().app(App::new("camera").hooks(&hooks)).start();
    let (start, acts) = recorded(&mut gateway, &receiver);
    let acks: Vec<usize> = (0..acts.len()).filter(|at| matches!(acts[*at], Act::Acked(_))).collect();
    assert_eq!(acks.len(), 30, "the record tells of every ack");

    let images = std::env::var("FOOTBRIDGE_IMAGES").ok().and_then(|text| text.parse().ok());
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for number in 0..images.unwrap_or(IMAGES) {
        // The strictest moment is directly after an acknowledgement; the others are random.
        let moment =
            if number % 2 == 0 { acks[random.below(acks.len())] + 1 } else { random.below(acts.len()) };
        let all_lost = number % 4 < 2;
        for file in database_files(gateway.dir()) {
            fs::remove_file(file).unwrap();
        }
        for (file, content) in image(&start, &acts, moment, || !all_lost && random.below(2) == 0) {
            fs::write(file, content).unwrap();
        }
        gateway.start_again();
        for act in &acts[..moment] {
            if let Act::Acked(id) = act {
                gateway.admin().get(&format!("events/{id}"));
            }
        }
        let (accepted, ended) = gateway.identity();
        assert_eq!(accepted, ended, "image {number}, after {moment} acts");
        gateway.kill9();
    }
}
