//! Opening a journal: first the locks, then the file, then the schema, then the key.

use crate::background::Check;
use crate::error::OpenError;
use crate::failure::FailureKind;
use crate::inspect::{Found, inspect};
use crate::journal::SqliteJournal;
use crate::lock::Lock;
use crate::reader::Reader;
use crate::room::Room;
use crate::seal::{MasterKey, Sealer};
use crate::status::Status;
use crate::txn::WriterState;
use crate::writer::{Queue, Writer, WriterParts, carry_over};
use crate::{beside, check, id_floor, migrate};
use footbridge_model::time::Entropy;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The first SQLite without the bug that damages a database when a checkpoint runs beside other connections
/// (sqlite.org/wal.html, "The WAL-reset bug").
const SOUND_SQLITE: i32 = 3_051_003;

/// The place of `key_check`, and the text that is sealed there.
const KEY_CHECK: &str = "meta|key_check|value";
const KEY_CHECK_TEXT: &[u8] = b"footbridge";

/// How long opening waits for another program's lock on the database.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the writer waits for a lock at a time. Between two waits it can answer callers.
const WAIT: Duration = Duration::from_millis(200);
/// The largest database that is rebuilt so that it can shrink: a few tenths of a second, once.
const REBUILT: u64 = 32 << 20;

/// How to open a journal.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// The database's file. It is created when it does not exist; its directory must exist.
    pub path: PathBuf,
    /// The key that seals the secrets.
    pub master_key: MasterKey,
    /// The source of nonces.
    pub entropy: Arc<dyn Entropy>,
    /// The server's address, for the message to a second server that finds the database in use.
    pub listen: Option<String>,
}

/// A database that this process has locked and inspected, but not opened.
#[derive(Debug)]
pub struct Claim {
    path: PathBuf,
    listen: Option<String>,
    lock: Lock,
    found: Found,
}

impl Claim {
    /// Locks the database, following links, and inspects its file.
    ///
    /// # Errors
    /// [`OpenError`]. Nothing is left behind that did not exist before.
    pub fn take(database: &Path, listen: Option<&str>) -> Result<Self, OpenError> {
        if rusqlite::version_number() < SOUND_SQLITE {
            return Err(OpenError::Sqlite(rusqlite::version()));
        }
        let path = resolved(database);
        let mut lock = Lock::take(&path)?;
        let taken = inspect(&path).and_then(|found| {
            if found != Found::Nothing {
                lock.take_database(&path)?;
            }
            Ok(found)
        });
        match taken {
            Ok(found) => Ok(Self { path, listen: listen.map(str::to_owned), lock, found }),
            Err(error) => {
                lock.undo();
                Err(error)
            }
        }
    }

    /// Returns true if there is no database yet, or an empty file.
    pub fn is_new(&self) -> bool {
        self.found != Found::Database
    }

    /// Returns the file beside the database that shows that a server has used one here.
    pub fn used_before(&self) -> Option<&Path> {
        self.lock.shows_a_server().then(|| self.lock.path())
    }

    /// Returns true if a first start was interrupted here, so that its files are no sign of an earlier database.
    pub fn was_cut_off(&self) -> bool {
        self.lock.shows_a_first_start()
    }

    /// Releases the database. Nothing is left behind that did not exist before.
    pub fn abandon(self) {
        self.lock.undo();
    }

    /// Writes beside the database that a server uses it, or is about to create it.
    ///
    /// # Errors
    /// [`OpenError::Unwritable`]
    pub fn sign(&self) -> Result<(), OpenError> {
        self.lock.sign(self.listen.as_deref(), self.is_new())
    }

    /// Opens the journal, and creates the database when there is none.
    ///
    /// # Errors
    /// [`OpenError`], which names the file and what to do. Nothing is left behind that did not exist before.
    pub fn open(
        mut self,
        master_key: &MasterKey,
        entropy: Arc<dyn Entropy>,
    ) -> Result<SqliteJournal, OpenError> {
        let status = Arc::new(Status::default());
        let room = Room::new(&self.path, Arc::clone(&status));
        let sealer = Sealer::new(master_key, entropy);
        let opened = self.prepare(&sealer, &room).and_then(|(conn, state)| {
            self.lock.sign(self.listen.as_deref(), false)?;
            Ok((conn, state))
        });
        match opened {
            Ok((conn, state)) => start(self, (conn, state, sealer), room, status),
            Err(error) => {
                clean(&self.path, self.found);
                self.lock.undo();
                Err(error)
            }
        }
    }

    fn prepare(&mut self, sealer: &Sealer, room: &Room) -> Result<(Connection, WriterState), OpenError> {
        let path = &self.path;
        make(path).map_err(|source| OpenError::Unwritable { path: path.clone(), source })?;
        if self.found == Found::Nothing {
            self.lock.take_database(path)?;
        }
        match prepare(path, self.found, sealer, room) {
            // The reserve is for this, too.
            Err(Unopened::Sql(error))
                if FailureKind::of(&error, || room.is_refused()) == FailureKind::Full =>
            {
                room.release_some();
                room.release();
                prepare(path, self.found, sealer, room).map_err(|error| match error {
                    Unopened::Sql(error)
                        if FailureKind::of(&error, || room.is_refused()) == FailureKind::Full =>
                    {
                        OpenError::Full { path: path.clone() }
                    }
                    error => error.of(path),
                })
            }
            done => done.map_err(|error| error.of(path)),
        }
    }
}

impl SqliteJournal {
    /// Opens the journal, and creates the database when there is none. Leaves nothing behind when it fails.
    ///
    /// # Errors
    /// [`OpenError`], which names the file and what to do.
    pub fn open(options: SqliteOptions) -> Result<Self, OpenError> {
        let SqliteOptions { path, master_key, entropy, listen } = options;
        Claim::take(&path, listen.as_deref())?.open(&master_key, entropy)
    }
}

/// Follows links to the file: the files beside it must be beside the file itself.
fn resolved(path: &Path) -> PathBuf {
    if let Ok(found) = std::fs::canonicalize(path) {
        return found;
    }
    // There is none yet, but a link may say where it is to be.
    let target = std::fs::read_link(path).map(|target| match path.parent() {
        Some(parent) => parent.join(target),
        None => target,
    });
    let path = target.unwrap_or_else(|_| path.to_owned());
    let parent = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    match (std::fs::canonicalize(parent), path.file_name()) {
        (Ok(parent), Some(name)) => parent.join(name),
        _ => path,
    }
}

fn start(
    claim: Claim,
    (conn, state, sealer): (Connection, WriterState, Sealer),
    room: Room,
    status: Arc<Status>,
) -> Result<SqliteJournal, OpenError> {
    let Claim { path, lock, found, .. } = claim;
    room.keep_reserve();
    let size = std::fs::metadata(&path).map_or(0, |file| file.len());
    let begin = || Check::begin(path.clone(), size, Arc::clone(&status));
    let check = (found == Found::Database && !check::is_small(size)).then(begin);
    let reader = || Arc::new(Reader::new(path.clone()));
    let (points, lists, searches) = (reader(), reader(), reader());
    points.prepare();
    lists.prepare();
    let queue = Arc::new(Queue::new());
    let seen = state.seen;
    let readers = vec![points.clone(), lists.clone(), searches.clone()];
    let shm = beside(&path, "-shm");
    let parts =
        WriterParts { conn, state, sealer, lock, readers, check, room, shm, status: Arc::clone(&status) };
    let writer = Writer::start(parts, queue.clone())
        .map_err(|error| OpenError::Failed { path, what: format!("no thread to write on: {error}") })?;
    Ok(SqliteJournal { writer, queue, points, lists, searches, status, seen })
}

/// Removes what a failed first opening created.
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

/// Why a database could not be prepared.
enum Unopened {
    Sql(rusqlite::Error),
    Other(OpenError),
}

impl Unopened {
    fn of(self, path: &Path) -> OpenError {
        match self {
            Self::Sql(error) => OpenError::judge(path, &error),
            Self::Other(error) => error,
        }
    }
}

impl From<rusqlite::Error> for Unopened {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<OpenError> for Unopened {
    fn from(error: OpenError) -> Self {
        Self::Other(error)
    }
}

fn prepare(
    path: &Path,
    found: Found,
    sealer: &Sealer,
    room: &Room,
) -> Result<(Connection, WriterState), Unopened> {
    let damaged = |what: String| OpenError::Damaged { path: path.to_owned(), what };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(PATIENCE)?;
    if conn.is_readonly("main")? {
        let source = io::ErrorKind::PermissionDenied.into();
        return Err(OpenError::Unwritable { path: path.to_owned(), source }.into());
    }
    recognise(&conn, path)?;
    tune(&conn)?;
    migrate::migrate(&conn)?;
    if found == Found::Database {
        check::tables(&conn, path)?;
        let size = std::fs::metadata(path).map_or(0, |file| file.len());
        if check::is_small(size) {
            let wrong = check::pages(&conn)?;
            if !wrong.is_empty() {
                return Err(damaged(wrong.join("; ")).into());
            }
        }
        if size <= REBUILT {
            let_shrink(&conn);
        }
    }
    check_key(&conn, sealer, path)?;
    // Nobody else may be writing: what comes next must not wait for that.
    conn.execute_batch("BEGIN IMMEDIATE; COMMIT")?;
    let state = WriterState { seen: id_floor::seen(&conn)?, ..WriterState::load(&conn)? };
    if !state.account.balances() {
        return Err(damaged("its account does not add up".to_owned()).into());
    }
    // The log begins anew with the next write, in the room it has already. Without room for that it goes on.
    match carry_over(&conn, room) {
        Err(error) if FailureKind::of(&error, || false) != FailureKind::Full => return Err(error.into()),
        _ => {}
    }
    conn.busy_timeout(WAIT)?;
    Ok((conn, state))
}

/// Creates the file. SQLite gives the log and the shared memory the same mode.
fn make(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Refuses a database of another program or of a newer version, before anything is changed.
fn recognise(conn: &Connection, path: &Path) -> Result<(), Unopened> {
    let one = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0));
    let application = one("PRAGMA application_id")?;
    let tables = one("SELECT count(*) FROM sqlite_schema")?;
    let found = migrate::current(conn)?;
    let ours = application == migrate::APPLICATION_ID && found > 0;
    let fresh = application == 0 && found == 0 && tables == 0;
    if !ours && !fresh {
        return Err(OpenError::Foreign { path: path.to_owned() }.into());
    }
    let known = migrate::newest();
    if found > known {
        return Err(OpenError::TooNew { path: path.to_owned(), found, known }.into());
    }
    Ok(())
}

/// Sets the pragmas. `FULL` flushes the log at every commit, which is what an acknowledgement stands for. The writer
/// makes the checkpoints. `auto_vacuum` takes effect on a new database only.
fn tune(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_prepared_statement_cache_capacity(96);
    conn.execute_batch(
        "PRAGMA page_size = 4096;
         PRAGMA auto_vacuum = INCREMENTAL;
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

/// Rebuilds a database that cannot give room back to the file system, so that it can.
fn let_shrink(conn: &Connection) {
    let kind = conn.query_row("PRAGMA auto_vacuum", [], |row| row.get::<_, i64>(0));
    if kind == Ok(0)
        && let Err(error) = conn.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; VACUUM")
    {
        tracing::debug!(%error, "the database stays one that does not shrink");
    }
}

fn check_key(conn: &Connection, sealer: &Sealer, path: &Path) -> Result<(), Unopened> {
    let wrong = || OpenError::MasterKey { path: path.to_owned() };
    let select = "SELECT value FROM meta WHERE name = 'key_check'";
    let kept: Option<Vec<u8>> = conn.query_row(select, [], |row| row.get(0)).optional()?;
    let Some(kept) = kept else {
        let apps: i64 = conn.query_row("SELECT count(*) FROM apps", [], |row| row.get(0))?;
        if apps > 0 {
            let what = "what its key is checked by is missing".to_owned();
            return Err(OpenError::Damaged { path: path.to_owned(), what }.into());
        }
        let sealed = sealer.seal(KEY_CHECK, KEY_CHECK_TEXT).map_err(|_| wrong())?;
        let insert = "INSERT INTO meta (name, value) VALUES ('key_check', ?1)";
        conn.execute(insert, [sealed])?;
        return Ok(());
    };
    let opened = sealer.open(KEY_CHECK, &kept).map_err(|_| wrong())?;
    if opened.as_slice() == KEY_CHECK_TEXT { Ok(()) } else { Err(wrong().into()) }
}
