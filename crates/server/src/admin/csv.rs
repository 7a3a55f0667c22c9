//! Comma-separated values (RFC 4180), safe to open in a spreadsheet.

use serde::Serialize;
use serde_json::Value;

/// Appends the line with the names of the columns.
pub(super) fn head(out: &mut Vec<u8>, columns: &[&str]) {
    line(out, columns.iter().map(|column| (*column).to_owned()));
}

/// Appends a row: the members of an object that are named as columns; `a.b` names the member `b` of the member `a`.
///
/// # Errors
/// The row cannot be written as JSON.
pub(super) fn row(
    out: &mut Vec<u8>,
    columns: &[&str],
    row: &impl Serialize,
) -> Result<(), serde_json::Error> {
    let members = serde_json::to_value(row)?;
    let member = |column: &str| column.split('.').try_fold(&members, |members, name| members.get(name));
    line(out, columns.iter().map(|column| cell(member(column).unwrap_or(&Value::Null))));
    Ok(())
}

/// Returns a member as the text of a cell. An object stays JSON.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => guarded(text),
        other => other.to_string(),
    }
}

/// Puts an apostrophe before a text that a spreadsheet would take for a formula.
fn guarded(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if formula { format!("'{text}") } else { text.to_owned() }
}

fn line(out: &mut Vec<u8>, cells: impl Iterator<Item = String>) {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        if cell.contains(['"', ',', '\r', '\n']) {
            out.push(b'"');
            out.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
            out.push(b'"');
        } else {
            out.extend_from_slice(cell.as_bytes());
        }
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cells_are_quoted_and_guarded() {
        let columns = ["a", "b", "c", "d", "d.id"];
        let mut out = Vec::new();
        head(&mut out, &columns);
        row(
            &mut out,
            &columns,
            &json!({"b": 7, "a": "=cmd|' /C calc'!A0", "c": "say \"hi\", ok\n", "more": 1}),
        )
        .unwrap();
        row(&mut out, &columns, &json!({"a": "-1", "b": "@x", "c": "\tt", "d": {"id": "e"}})).unwrap();
        row(&mut out, &columns, &json!({"a": "+1", "b": "\rx", "c": null, "d": "plain"})).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "a,b,c,d,d.id\r\n'=cmd|' /C calc'!A0,7,\"say \"\"hi\"\", ok\n\",,\r\n'-1,'@x,'\tt,\"{\"\"id\"\":\"\"e\"\"}\",e\r\n\
             '+1,\"'\rx\",,plain,\r\n"
        );
    }
}
