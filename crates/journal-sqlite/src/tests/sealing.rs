//! No secret reaches the disk unsealed, and no sealed value can be moved.

use super::{Counting, app, database, files, open};
use crate::MasterKey;
use crate::seal::{Sealer, Unsealable};
use footbridge_journal::contract::Owner as _;
use footbridge_journal::{Journal as _, RegistryStore as _};
use std::sync::Arc;

fn sealer(key: u8) -> Sealer {
    Sealer::new(&MasterKey([key; 32]), Arc::new(Counting::default()))
}

#[test]
fn only_the_same_key_and_place_open() {
    let ours = sealer(1);
    let sealed = ours.seal("apps|a|secrets", b"hush").unwrap();
    assert_ne!(sealed, ours.seal("apps|a|secrets", b"hush").unwrap(), "a nonce repeats");
    assert_eq!(ours.open("apps|a|secrets", &sealed).unwrap().as_slice(), b"hush");
    assert_eq!(ours.open("apps|b|secrets", &sealed), Err(Unsealable));
    assert_eq!(sealer(2).open("apps|a|secrets", &sealed), Err(Unsealable));
    for place in 0..sealed.len() {
        let mut other = sealed.clone();
        other[place] ^= 1;
        assert_eq!(ours.open("apps|a|secrets", &other), Err(Unsealable), "byte {place}");
        assert_eq!(ours.open("apps|a|secrets", &sealed[..place]), Err(Unsealable));
    }
}

#[tokio::test]
async fn the_files_hold_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(&database(&directory)).unwrap();
    let app = app("shop");
    journal.put_app(app.clone()).await.unwrap();
    assert_eq!(journal.load().await.unwrap().apps, [app]);
    for closed in [false, true] {
        if closed {
            journal.close().await.unwrap();
        }
        let held = files(directory.path())
            .iter()
            .map(|name| std::fs::read(directory.path().join(name)).unwrap())
            .collect::<Vec<_>>();
        assert!(held.iter().any(|bytes| bytes.windows(12).any(|part| part == b"shop.example")));
        assert!(!held.iter().any(|bytes| bytes.windows(4).any(|part| part == b"HUSH")));
    }
}
