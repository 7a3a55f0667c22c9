//! What a power cut leaves: the database with every write since the last sync lost, or some of them kept.
//!
//! The server's writes are recorded by `strace`; from the record the files are made anew as a disk may hold them at
//! some moment, and the server starts on them. Every event that was acknowledged before that moment must be there.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use harness::{App, Gateway, Receiver, Setup, WAIT, until};
use serde_json::json;

/// A page: what is lost is lost in these, in bytes.
const PAGE: usize = 4096;
/// How many moments are tried; `FOOTBRIDGE_IMAGES` sets another number.
const IMAGES: usize = 24;

/// What the record tells, in order.
#[derive(Debug)]
enum Act {
    Write { file: PathBuf, at: usize, bytes: Vec<u8> },
    Cut { file: PathBuf, length: usize },
    Synced { file: PathBuf },
    /// This event was acknowledged.
    Acked(String),
}

fn record(gateway: &Gateway) -> Child {
    let messages = gateway.dir().join("strace.messages");
    let mut child = Command::new("strace")
        .args(["-f", "-y", "-xx", "-s", "100000", "-o", "strace.calls", "-p", &gateway.pid().to_string()])
        .args(["-e", "trace=fsync,fdatasync,pwrite64,ftruncate,write,writev,sendto"])
        .current_dir(gateway.dir())
        .stdin(Stdio::null())
        .stderr(File::create(&messages).unwrap())
        .spawn()
        .expect("strace is installed");
    until("strace to attach", WAIT, || {
        assert!(child.try_wait().unwrap().is_none(), "{}", fs::read_to_string(&messages).unwrap());
        fs::read_to_string(&messages).unwrap().contains("attached")
    });
    child
}

/// The bytes of every `"\x41\x42"` in a line, one after another.
fn bytes_of(line: &str) -> Vec<u8> {
    let strings = line.split('"').skip(1).step_by(2);
    let digits = strings.flat_map(|text| text.split("\\x").skip(1));
    digits.map(|digits| u8::from_str_radix(&digits[..2], 16).unwrap()).collect()
}

/// The file between the angle brackets behind a descriptor, when it is one of the database's.
fn file_of(call: &str) -> Option<PathBuf> {
    let path = call.split_once('<')?.1.split_once('>')?.0;
    let text: Vec<u8> = if path.starts_with("\\x") { bytes_of(&format!("\"{path}\"")) } else { path.into() };
    let path = PathBuf::from(String::from_utf8(text).ok()?);
    let name = path.file_name()?.to_str()?;
    (name.ends_with(".db") || name.ends_with(".db-wal")).then_some(path)
}

fn read(record: &str) -> Vec<Act> {
    let mut acts = Vec::new();
    // A call that another thread's interrupts ends on a line of its own.
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
            let said = String::from_utf8_lossy(&bytes_of(call)).into_owned();
            if let Some((_, id)) = said.split_once(r#"{"code":0,"body":{"id":""#) {
                acts.push(Act::Acked(id.split('"').next().unwrap().to_owned()));
            }
        }
    }
    acts
}

/// The files as a disk may hold them after the first `moment` acts: of what no sync has followed, `keeps` says which pages.
fn image(
    start: &BTreeMap<PathBuf, Vec<u8>>,
    acts: &[Act],
    moment: usize,
    mut keeps: impl FnMut() -> bool,
) -> BTreeMap<PathBuf, Vec<u8>> {
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

#[test]
fn an_acknowledged_event_survives_the_loss_of_all_that_was_not_synced() {
    let receiver = Receiver::start();
    let hooks = format!(r#""camera/*" = {{ route = "{}", type = "web" }}"#, receiver.url("/x"));
    let mut gateway = Setup::new().app(App::new("camera").hooks(&hooks)).start();
    until("a database at rest", WAIT, || gateway.metric("footbridge_deliveries_pending", "") == 0);
    let names = || fs::read_dir(gateway.dir()).unwrap().map(|entry| entry.unwrap().path());
    let of_the_database = |path: &PathBuf| file_of(&format!("<{}>", path.display())).is_some();
    let start: BTreeMap<PathBuf, Vec<u8>> =
        names().filter(of_the_database).map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    let mut strace = record(&gateway);
    for n in 0..30 {
        gateway.bolt("camera").publish("x", &json!({ "body": "a".repeat(n * 300) }));
    }
    receiver.wait(30);
    drop(gateway.get("/livez"));
    strace.kill().unwrap();
    strace.wait().unwrap();
    gateway.kill9();
    let acts = read(&fs::read_to_string(gateway.dir().join("strace.calls")).unwrap());
    let acks: Vec<usize> = (0..acts.len()).filter(|at| matches!(acts[*at], Act::Acked(_))).collect();
    assert_eq!(acks.len(), 30, "the record tells of every ack");

    let images = std::env::var("FOOTBRIDGE_IMAGES").ok().and_then(|text| text.parse().ok()).unwrap_or(IMAGES);
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        // Xorshift: the same images in every run.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for number in 0..images {
        // Right behind an ack is the strictest moment; others lie anywhere.
        let anywhere = usize::try_from(random()).unwrap() % acts.len();
        let moment = if number % 2 == 0 { acks[anywhere % acks.len()] + 1 } else { anywhere };
        let lost = number % 4 < 2;
        for file in names().filter(|path| path.to_string_lossy().contains(".db-") || of_the_database(path)) {
            if !file.to_string_lossy().contains(".db-") || file.extension().is_some_and(|end| end == "db-wal" || end == "db-shm") {
                fs::remove_file(file).unwrap();
            }
        }
        for (file, content) in image(&start, &acts, moment, || !lost && random() % 2 == 0) {
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
