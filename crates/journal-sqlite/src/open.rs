//! Opening: the lock first, then the file as it lies there, then the schema, then the key.

use crate::error::OpenError;
use crate::journal::SqliteJournal;
use crate::lock::Lock;
use crate::migrate;
use crate::reader::Reader;
use crate::seal::{MasterKey, Sealer};
use crate::txn::State;
use crate::writer::{Parts, Queue, Writer};
use footbridge_model::time::Entropy;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The first SQLite without the bug that damages a database when a checkpoint runs beside other
/// connections (sqlite.org/wal.html, "The WAL-reset bug").
const SOUND_SQLITE: i32 = 3_051_003;

/// Where `key_check` stands, and what it seals.
const KEY_CHECK: &str = "meta|key_check|value";
const KEY_CHECK_TEXT: &[u8] = b"footbridge";

/// How to open a journal.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// The database's file; made when there is none, in a directory that must be there.
    pub path: PathBuf,
    /// Seals the secrets in it.
    pub master_key: MasterKey,
    /// Where nonces come from.
    pub entropy: Arc<dyn Entropy>,
    /// Where the server listens, to be told to a second server that finds the database in use.
    pub listen: Option<String>,
}

/// What lies at the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    /// An empty file: one that was made but never written to.
    Empty,
    Database,
}

impl SqliteJournal {
    /// Opens the journal, making it when there is none. Leaves nothing behind when it fails.
    ///
    /// # Errors
    /// [`OpenError`], which names the file and what to do.
    pub fn open(options: SqliteOptions) -> Result<Self, OpenError> {
        if rusqlite::version_number() < SOUND_SQLITE {
            return Err(OpenError::Sqlite(rusqlite::version()));
        }
        let lock = Lock::take(&options.path, options.listen.as_deref())?;
        let found = match inspect(&options.path) {
            Ok(found) => found,
            Err(error) => {
                lock.undo();
                return Err(error);
            }
        };
        match prepare(&options) {
            Ok((conn, state, sealer)) => start(options.path, conn, state, sealer, lock),
            Err(error) => {
                clean(&options.path, found);
                lock.undo();
                Err(error)
            }
        }
    }
}

fn start(
    path: PathBuf,
    conn: Connection,
    state: State,
    sealer: Sealer,
    lock: Lock,
) -> Result<SqliteJournal, OpenError> {
    let (points, lists) = (Arc::new(Reader::new(path.clone())), Arc::new(Reader::new(path.clone())));
    let queue = Arc::new(Queue::new());
    let parts = Parts { conn, state, sealer, lock, readers: vec![points.clone(), lists.clone()] };
    let writer = Writer::start(parts, queue.clone())
        .map_err(|error| OpenError::Failed { path, what: format!("no thread to write on: {error}") })?;
    Ok(SqliteJournal { writer, queue, points, lists })
}

/// Takes away what a failed first opening made.
fn clean(path: &Path, found: Found) {
    match found {
        Found::Nothing => {
            let _ = std::fs::remove_file(path);
        }
        Found::Empty => {
            let _ = OpenOptions::new().write(true).truncate(true).open(path);
        }
        Found::Database => return,
    }
    for side in ["-wal", "-shm", "-journal"] {
        let _ = std::fs::remove_file(beside(path, side));
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// Judges the file before SQLite sees it, which would begin anew over an empty one, log or not.
fn inspect(path: &Path) -> Result<Found, OpenError> {
    let unreadable = |source| OpenError::Unreadable { path: path.to_owned(), source };
    let damaged = |what: &str| OpenError::Damaged { path: path.to_owned(), what: what.to_owned() };
    let log = std::fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0);
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !log => return Ok(Found::Nothing),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(damaged("the file is missing, though its log is there"));
        }
        Err(source) => return Err(unreadable(source)),
    };
    let length = file.metadata().map_err(unreadable)?.len();
    match (length, log) {
        (0, false) => return Ok(Found::Empty),
        (0, true) => return Err(damaged("the file is empty, though its log is not")),
        (1..512, _) => return Err(damaged("the file is shorter than any database")),
        _ => {}
    }
    let mut head = [0; 100];
    file.read_exact(&mut head).map_err(unreadable)?;
    if !head.starts_with(b"SQLite format 3\0") {
        return Err(damaged("its header is not that of a database"));
    }
    let field = |at: usize| {
        head.get(at..at + 4).map_or(0, |bytes| bytes.iter().fold(0, |n, b| n << 8 | u64::from(*b)))
    };
    // The page size, two bytes, in which 1 means 65536.
    let page = match field(16) >> 16 {
        1 => 65_536,
        size => size,
    };
    if !log && length < page * field(28) {
        return Err(damaged("the file has been cut short"));
    }
    Ok(Found::Database)
}

fn prepare(options: &SqliteOptions) -> Result<(Connection, State, Sealer), OpenError> {
    let path = &options.path;
    let failed = |error: rusqlite::Error| judge(path, &error);
    make(path).map_err(|source| OpenError::Unwritable { path: path.clone(), source })?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(failed)?;
    if conn.is_readonly("main").map_err(failed)? {
        let source = io::ErrorKind::PermissionDenied.into();
        return Err(OpenError::Unwritable { path: path.clone(), source });
    }
    recognise(&conn, path)?;
    tune(&conn).map_err(failed)?;
    migrate::migrate(&conn).map_err(failed)?;
    let sealer = Sealer::new(&options.master_key, options.entropy.clone());
    check_key(&conn, &sealer, path)?;
    let state = State::load(&conn).map_err(failed)?;
    if !state.account.holds() {
        return Err(OpenError::Damaged {
            path: path.clone(),
            what: "its account does not add up".to_owned(),
        });
    }
    Ok((conn, state, sealer))
}

/// SQLite gives the log and the shared memory the mode of the database.
fn make(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn judge(path: &Path, error: &rusqlite::Error) -> OpenError {
    let (path, what) = (path.to_owned(), error.to_string());
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => OpenError::Damaged { path, what },
        _ => OpenError::Failed { path, what },
    }
}

/// Refuses a database of another program or of a newer version of this one, before changing anything.
fn recognise(conn: &Connection, path: &Path) -> Result<(), OpenError> {
    let failed = |error: rusqlite::Error| judge(path, &error);
    let one = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0));
    let application = one("PRAGMA application_id").map_err(failed)?;
    let tables = one("SELECT count(*) FROM sqlite_schema").map_err(failed)?;
    let found = migrate::current(conn).map_err(failed)?;
    let ours = application == migrate::APPLICATION_ID && found > 0;
    let fresh = application == 0 && found == 0 && tables == 0;
    if !ours && !fresh {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    let known = migrate::newest();
    if found > known {
        return Err(OpenError::TooNew { path: path.to_owned(), found, known });
    }
    Ok(())
}

/// `FULL`: the log is flushed at every commit, which is what an acknowledgement stands for. Checkpoints
/// are the writer's own business.
fn tune(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_prepared_statement_cache_capacity(96);
    conn.execute_batch(
        "PRAGMA page_size = 4096;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA journal_size_limit = 67108864;
         PRAGMA mmap_size = 0;
         PRAGMA cache_size = -8000;
         PRAGMA temp_store = MEMORY;
         PRAGMA foreign_keys = OFF;
         PRAGMA trusted_schema = OFF;",
    )
}

fn check_key(conn: &Connection, sealer: &Sealer, path: &Path) -> Result<(), OpenError> {
    let failed = |error: rusqlite::Error| judge(path, &error);
    let wrong = || OpenError::MasterKey { path: path.to_owned() };
    let select = "SELECT value FROM meta WHERE name = 'key_check'";
    let kept: Option<Vec<u8>> = conn.query_row(select, [], |row| row.get(0)).optional().map_err(failed)?;
    let Some(kept) = kept else {
        let sealed = sealer.seal(KEY_CHECK, KEY_CHECK_TEXT).map_err(|_| wrong())?;
        let insert = "INSERT INTO meta (name, value) VALUES ('key_check', ?1)";
        conn.execute(insert, [sealed]).map_err(failed)?;
        return Ok(());
    };
    let opened = sealer.open(KEY_CHECK, &kept).map_err(|_| wrong())?;
    if opened.as_slice() == KEY_CHECK_TEXT { Ok(()) } else { Err(wrong()) }
}
