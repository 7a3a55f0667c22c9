//! Tests of the uses of credentials.

use super::given::{app, at, name};
use super::{Owner as _, Subject};
use crate::{CredentialUses as _, RegistryChange};
use footbridge_model::credential::{CredentialKind, CredentialUse};
use footbridge_model::rotation::{Kept, Rotating};
use footbridge_model::secret::Secret;

fn used(app: &str, kind: CredentialKind, uses_id: u64, count: u64, last: i64) -> CredentialUse {
    CredentialUse { app: name(app), kind, uses_id, count, last_at: at(last) }
}

/// Uses add up for each value of a credential, and go with the value or with its app.
pub async fn uses_of_credentials_add_up<S: Subject>(mut subject: S) {
    use CredentialKind::{SecretKey, Token};
    let mut shop = app("shop");
    shop.secrets.token = Rotating { uses_id: 7, ..Rotating::new(Secret::new("first")) };
    shop.secrets.secret_key = Rotating { uses_id: 9, ..Rotating::new(Secret::new("key")) };
    let put = |app: &footbridge_model::app::App| RegistryChange::app(app.clone());
    subject.store().change(put(&shop)).await.unwrap();
    subject.store().change(put(&app("fax"))).await.unwrap();
    let store = subject.store();
    store
        .add_credential_uses(vec![used("shop", Token, 7, 3, 20), used("fax", Token, 7, 9, 30)])
        .await
        .unwrap();
    let more = vec![used("shop", Token, 7, 2, 15), used("shop", SecretKey, 9, 1, 10)];
    store.add_credential_uses(more).await.unwrap();
    subject.reopen().await;
    let store = subject.store();
    let of_shop = store.credential_uses(name("SHOP")).await.unwrap();
    assert_eq!(of_shop, [used("shop", Token, 7, 5, 20), used("shop", SecretKey, 9, 1, 10)]);

    let kept = Kept { now: at(40), until: at(90), uses_id: 8 };
    let next = Rotating { uses_id: 12, ..Rotating::new(Secret::new("second")) };
    shop.secrets.token = shop.secrets.token.clone().replaced_by(next, Some(kept));
    store.change(put(&shop)).await.unwrap();
    store
        .add_credential_uses(vec![used("shop", Token, 12, 4, 50), used("shop", Token, 8, 1, 60)])
        .await
        .unwrap();
    let of_shop = store.credential_uses(name("shop")).await.unwrap();
    assert_eq!(
        of_shop,
        [used("shop", Token, 8, 1, 60), used("shop", Token, 12, 4, 50), used("shop", SecretKey, 9, 1, 10)]
    );
    store.change(RegistryChange::DeleteApp { name: name("shop"), reason: "app deleted" }).await.unwrap();
    assert_eq!(store.credential_uses(name("shop")).await.unwrap(), []);
    assert_eq!(store.credential_uses(name("fax")).await.unwrap(), [used("fax", Token, 7, 9, 30)]);
}
