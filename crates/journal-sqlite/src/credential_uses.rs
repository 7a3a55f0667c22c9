//! The uses of credentials.

use crate::column::{key, number};
use crate::failure::{CommandError, CommandResult};
use crate::journal::SqliteJournal;
use crate::txn::Txn;
use footbridge_journal::{CredentialUses, Wait};
use footbridge_model::app::App;
use footbridge_model::credential::{CredentialKind, CredentialUse};
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use rusqlite::params;

/// The bytes that a row costs, roughly.
const ROW: usize = 128;

const fn kind_code(kind: CredentialKind) -> i64 {
    match kind {
        CredentialKind::Token => 0,
        CredentialKind::SecretKey => 1,
        CredentialKind::SigningSecret => 2,
    }
}

fn kind(code: i64) -> CommandResult<CredentialKind> {
    let found = CredentialKind::ALL.into_iter().find(|kind| kind_code(*kind) == code);
    found.ok_or_else(|| CommandError::damaged(format!("no credential has the kind {code}")))
}

/// Deletes the uses of values that an app has no longer.
pub(crate) fn delete_ended(txn: &Txn<'_>, app: &App) -> CommandResult<()> {
    for kind in CredentialKind::ALL {
        let ids: Vec<i64> = app.secrets.of(kind).uses_ids().map(key).collect();
        let ids = serde_json::to_string(&ids).unwrap_or_default();
        let sql = "DELETE FROM credential_uses
                   WHERE app = ?1 AND kind = ?2 AND id NOT IN (SELECT value FROM json_each(?3))";
        txn.run(sql, params![app.name.key(), kind_code(kind), ids])?;
    }
    Ok(())
}

/// Deletes the uses of all credentials of an app.
pub(crate) fn delete_of_app(txn: &Txn<'_>, app: &AppName) -> CommandResult<()> {
    txn.run("DELETE FROM credential_uses WHERE app = ?1", [app.key()])?;
    Ok(())
}

fn add(txn: &Txn<'_>, uses: &[CredentialUse]) -> CommandResult<()> {
    let sql = "INSERT INTO credential_uses (app, kind, id, count, last_at) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT DO UPDATE SET count = count + excluded.count, last_at = max(last_at, excluded.last_at)";
    for CredentialUse { app, kind, uses_id, count, last_at } in uses {
        txn.run(sql, params![app.key(), kind_code(*kind), key(*uses_id), key(*count), last_at.0])?;
    }
    Ok(())
}

impl CredentialUses for SqliteJournal {
    fn add_credential_uses(&self, uses: Vec<CredentialUse>) -> Wait<()> {
        self.writer.ask_room(ROW * uses.len(), move |txn| add(txn, &uses))
    }

    fn credential_uses(&self, app: AppName) -> Wait<Vec<CredentialUse>> {
        self.read(&self.points, move |conn| {
            let sql = "SELECT kind, id, count, last_at FROM credential_uses WHERE app = ?1 ORDER BY kind, id";
            let mut select = conn.prepare_cached(sql)?;
            let mut rows = select.query([app.key()])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(CredentialUse {
                    app: app.clone(),
                    kind: kind(row.get(0)?)?,
                    uses_id: number(row.get(1)?),
                    count: number(row.get(2)?),
                    last_at: Millis(row.get(3)?),
                });
            }
            Ok(found)
        })
    }
}
