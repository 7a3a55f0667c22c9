//! The port of users, roles, tokens and sessions.

use crate::audit;
use crate::column::key;
use crate::failure::{CommandError, CommandResult};
use crate::journal::SqliteJournal;
use crate::people_rows::{self as rows, SESSION, TOKEN, USER};
use crate::txn::Txn;
use footbridge_journal::{
    FoundSession, FoundToken, JournalError, PeopleChange, PeopleSnapshot, PeopleStore, Wait,
};
use footbridge_model::id::UserId;
use footbridge_model::people::{ApiToken, ConsoleSession, Role, RoleName, SignInLink, User};
use footbridge_model::secret::Secret;
use rusqlite::{Connection, OptionalExtension as _, params};

/// The bytes that one change writes, roughly.
const ROW: usize = 512;

impl PeopleStore for SqliteJournal {
    fn people(&self) -> Wait<PeopleSnapshot> {
        self.read(&self.lists, snapshot)
    }

    fn change_people(&self, changes: Vec<PeopleChange>) -> Wait<()> {
        self.writer.ask(ROW * changes.len(), move |txn| {
            check(txn, &changes)?;
            changes.iter().try_for_each(|change| apply(txn, change))
        })
    }

    fn session_by_digest(&self, digest: [u8; 32]) -> Wait<Option<FoundSession>> {
        self.read(&self.points, move |conn| {
            let sql = format!("SELECT {SESSION} FROM console_sessions s WHERE digest = ?1");
            let mut select = conn.prepare_cached(&sql)?;
            let Some(session) = select.query_row([digest], |row| Ok(rows::session(row))).optional()? else {
                return Ok(None);
            };
            let session = session?;
            let (user, role) = user_and_role(conn, session.user)?;
            Ok(Some(FoundSession { session, user, role }))
        })
    }

    fn token_by_digest(&self, digest: [u8; 32]) -> Wait<Option<FoundToken>> {
        self.read(&self.points, move |conn| {
            let sql = format!("SELECT {TOKEN} FROM api_tokens t WHERE digest = ?1");
            let mut select = conn.prepare_cached(&sql)?;
            let Some(token) = select.query_row([digest], |row| Ok(rows::token(row))).optional()? else {
                return Ok(None);
            };
            let token = token?;
            let (user, role) = user_and_role(conn, token.user)?;
            Ok(Some(FoundToken { token, user, role }))
        })
    }

    fn use_link(&self, digest: [u8; 32]) -> Wait<Option<SignInLink>> {
        self.writer.ask(ROW, move |txn| {
            let sql = "DELETE FROM sign_in_links WHERE digest = ?1 RETURNING digest, user, expires_at";
            txn.first(sql, [digest], |row| Ok(rows::link(row)))?.transpose()
        })
    }
}

fn snapshot(conn: &Connection) -> CommandResult<PeopleSnapshot> {
    fn all<T>(
        conn: &Connection,
        sql: &str,
        read: impl Fn(&rusqlite::Row<'_>) -> CommandResult<T>,
    ) -> CommandResult<Vec<T>> {
        let mut select = conn.prepare(sql)?;
        let mut rows = select.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(row)?);
        }
        Ok(found)
    }
    Ok(PeopleSnapshot {
        users: all(conn, &format!("SELECT {USER} FROM users u ORDER BY name"), rows::user)?,
        roles: all(conn, "SELECT name, permissions, apps FROM roles ORDER BY name", rows::role)?,
        tokens: all(conn, &format!("SELECT {TOKEN} FROM api_tokens t ORDER BY id"), rows::token)?,
        sessions: all(conn, &format!("SELECT {SESSION} FROM console_sessions s ORDER BY id"), rows::session)?,
    })
}

fn user_and_role(conn: &Connection, user: Option<UserId>) -> CommandResult<(Option<User>, Option<Role>)> {
    let Some(id) = user else { return Ok((None, None)) };
    let mut select = conn.prepare_cached(&format!("SELECT {USER} FROM users u WHERE id = ?1"))?;
    let user = select.query_row([key(id.number())], |row| Ok(rows::user(row))).optional()?;
    let Some(user) = user.transpose()? else { return Ok((None, None)) };
    let Some(role) = &user.role else { return Ok((Some(user), None)) };
    let mut select = conn.prepare_cached("SELECT name, permissions, apps FROM roles WHERE name = ?1")?;
    let role = select.query_row([role.as_str()], |row| Ok(rows::role(row))).optional()?.transpose()?;
    Ok((Some(user), role))
}

/// Refuses changes before anything of them is written.
fn check(txn: &Txn<'_>, changes: &[PeopleChange]) -> CommandResult<()> {
    for change in changes {
        let PeopleChange::PutUser(user) = change else { continue };
        let (issuer, subject) = rows::identity(user);
        let sql = "SELECT 1 FROM users WHERE id <> ?1 AND (name = ?2 OR issuer = ?3 AND subject = ?4)";
        let params = params![key(user.id.number()), user.name.as_str(), issuer, subject];
        if txn.first(sql, params, |_| Ok(()))?.is_some() {
            return Err(CommandError::Refused(JournalError::Exists("user")));
        }
    }
    Ok(())
}

fn apply(txn: &Txn<'_>, change: &PeopleChange) -> CommandResult<()> {
    let id = |number: u64| [key(number)];
    match change {
        PeopleChange::PutUser(user) => put_user(txn, user)?,
        PeopleChange::DeleteUser(user) => {
            let id = id(user.number());
            txn.run("DELETE FROM users WHERE id = ?1", id)?;
            txn.run("DELETE FROM api_tokens WHERE user = ?1", id)?;
            txn.run("DELETE FROM console_sessions WHERE user = ?1", id)?;
            txn.run("DELETE FROM sign_in_links WHERE user = ?1", id)?
        }
        PeopleChange::PutRole(role) => put_role(txn, role)?,
        PeopleChange::DeleteRole(name) => {
            txn.run("UPDATE users SET role = NULL WHERE role = ?1", [name.as_str()])?;
            txn.run("DELETE FROM roles WHERE name = ?1", [name.as_str()])?
        }
        PeopleChange::PutToken(token) => put_token(txn, token)?,
        PeopleChange::DeleteToken(token) => {
            txn.run("DELETE FROM api_tokens WHERE id = ?1", id(token.number()))?
        }
        PeopleChange::StartSession(session) => start_session(txn, session)?,
        PeopleChange::EndSession(session) => {
            txn.run("DELETE FROM console_sessions WHERE id = ?1", id(session.number()))?
        }
        PeopleChange::EndSessionsOf(user) => {
            txn.run("DELETE FROM console_sessions WHERE user = ?1", id(user.number()))?
        }
        PeopleChange::UserSeen(user, at) => {
            txn.run("UPDATE users SET last_seen_at = ?2 WHERE id = ?1", [key(user.number()), at.0])?
        }
        PeopleChange::SessionSeen(session, at) => {
            txn.run("UPDATE console_sessions SET seen_at = ?2 WHERE id = ?1", [key(session.number()), at.0])?
        }
        PeopleChange::TokenUsed(token, at) => {
            txn.run("UPDATE api_tokens SET last_used_at = ?2 WHERE id = ?1", [key(token.number()), at.0])?
        }
        PeopleChange::PutLink(link) => txn.run(
            "INSERT INTO sign_in_links (digest, user, expires_at) VALUES (?1, ?2, ?3)",
            params![link.digest, link.user.map(|user| key(user.number())), link.expires_at.0],
        )?,
        PeopleChange::Audit(entry) => return audit::insert(txn, std::slice::from_ref(&**entry)),
        PeopleChange::Expire { made, seen, now } => {
            txn.run("DELETE FROM console_sessions WHERE made_at < ?1 OR seen_at < ?2", [made.0, seen.0])?;
            txn.run("DELETE FROM sign_in_links WHERE expires_at < ?1", [now.0])?
        }
    };
    Ok(())
}

fn put_user(txn: &Txn<'_>, user: &User) -> rusqlite::Result<usize> {
    let (issuer, subject) = rows::identity(user);
    txn.run(
        "INSERT OR REPLACE INTO users (id, name, display_name, email, role, enabled, password, issuer, subject, created_at,
             last_seen_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            key(user.id.number()),
            user.name.as_str(),
            user.display_name,
            user.email,
            user.role.as_ref().map(RoleName::as_str),
            user.enabled,
            user.password.as_ref().map(Secret::expose),
            issuer,
            subject,
            user.created_at.0,
            user.last_seen_at.map(|at| at.0),
        ],
    )
}

fn put_role(txn: &Txn<'_>, role: &Role) -> rusqlite::Result<usize> {
    txn.run(
        "INSERT OR REPLACE INTO roles (name, permissions, apps) VALUES (?1, ?2, ?3)",
        params![role.name.as_str(), rows::words(role.permissions), rows::app_words(role.apps.as_ref())],
    )
}

fn put_token(txn: &Txn<'_>, token: &ApiToken) -> rusqlite::Result<usize> {
    txn.run(
        "INSERT OR REPLACE INTO api_tokens (id, name, prefix, digest, permissions, apps, user, created_at, expires_at,
             last_used_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            key(token.id.number()),
            token.name,
            token.prefix,
            token.digest,
            rows::words(token.permissions),
            rows::app_words(token.apps.as_ref()),
            token.user.map(|user| key(user.number())),
            token.created_at.0,
            token.expires_at.map(|at| at.0),
            token.last_used_at.map(|at| at.0),
        ],
    )
}

fn start_session(txn: &Txn<'_>, session: &ConsoleSession) -> rusqlite::Result<usize> {
    txn.run(
        "INSERT INTO console_sessions (id, digest, user, made_at, seen_at, address, agent)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            key(session.id.number()),
            session.digest,
            session.user.map(|user| key(user.number())),
            session.made_at.0,
            session.seen_at.0,
            session.address.map(|address| address.to_string()),
            session.agent,
        ],
    )
}
