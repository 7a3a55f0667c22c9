//! The table of links.

use crate::checksum::Checksum;
use crate::column::{origin, origin_code};
use crate::failure::CommandResult;
use crate::txn::Txn;
use footbridge_model::app::Link;
use footbridge_model::name::AppName;
use footbridge_model::time::Millis;
use rusqlite::params;

/// Reads all links between apps.
pub(crate) fn load(txn: &Txn<'_>) -> CommandResult<Vec<Link>> {
    let sql = "SELECT coalesce((SELECT written FROM apps WHERE name = host), host),
                   coalesce((SELECT written FROM apps WHERE name = miniapp), miniapp), enabled, origin, created_at, sum
               FROM links ORDER BY host, miniapp";
    let links = txn.all(sql, [], |row| {
        let link = Link {
            host: AppName::trusted(row.get_ref(0)?.as_str()?),
            miniapp: AppName::trusted(row.get_ref(1)?.as_str()?),
            enabled: row.get(2)?,
            origin: origin(row.get(3)?),
            created_at: Millis(row.get(4)?),
        };
        Ok((link, row.get(5)?))
    })?;
    let checked = links.into_iter().map(|(link, kept): (Link, Option<i64>)| {
        sum(&link).check(kept, || format!("the link of `{}` and `{}`", link.host, link.miniapp))?;
        Ok(link)
    });
    checked.collect()
}

fn sum(link: &Link) -> Checksum {
    Checksum::default()
        .text(link.host.key())
        .text(link.miniapp.key())
        .number(i64::from(link.enabled))
        .number(origin_code(link.origin))
        .number(link.created_at.0)
}

/// Stores a link in place of one between the same apps.
pub(crate) fn put(txn: &Txn<'_>, link: &Link) -> CommandResult<()> {
    let sql = "INSERT OR REPLACE INTO links (host, miniapp, enabled, origin, created_at, sum)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let (host, miniapp, sum) = (link.host.key(), link.miniapp.key(), sum(link).value());
    txn.run(sql, params![host, miniapp, link.enabled, origin_code(link.origin), link.created_at.0, sum])?;
    Ok(())
}

/// Deletes the link of two apps.
pub(crate) fn delete(txn: &Txn<'_>, host: &AppName, miniapp: &AppName) -> CommandResult<()> {
    txn.run("DELETE FROM links WHERE host = ?1 AND miniapp = ?2", [host.key(), miniapp.key()])?;
    Ok(())
}

/// Deletes the links of an app.
pub(crate) fn delete_of_app(txn: &Txn<'_>, app: &AppName) -> CommandResult<()> {
    txn.run("DELETE FROM links WHERE host = ?1 OR miniapp = ?1", [app.key()])?;
    Ok(())
}
