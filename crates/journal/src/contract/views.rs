//! Tests of saved views.

use super::Subject;
use crate::{SavedView, Views as _};

fn view(name: &str, query: &str) -> SavedView {
    SavedView { name: name.to_owned(), screen: "deliveries".to_owned(), query: query.to_owned() }
}

/// Each owner has views of their own, and a bounded number of them.
pub async fn views_are_stored_for_their_owner<S: Subject>(mut subject: S) {
    let (ana, ben) = ("user:ana", "user:ben");
    let put = async |subject: &S, owner: &str, view| {
        subject.store().put_view(owner.to_owned(), view, 2).await.unwrap()
    };
    for (name, query) in [("dead", "q=1"), ("all", "q=2"), ("dead", "q=3")] {
        assert!(put(&subject, ana, view(name, query)).await);
    }
    assert!(put(&subject, ben, view("mine", "")).await);
    assert!(!put(&subject, ana, view("third", "")).await);
    subject.reopen().await;
    let store = subject.store();
    assert_eq!(store.views(ana.to_owned()).await.unwrap(), [view("all", "q=2"), view("dead", "q=3")]);
    assert!(store.delete_view(ana.to_owned(), "dead".to_owned()).await.unwrap());
    assert!(!store.delete_view(ana.to_owned(), "mine".to_owned()).await.unwrap());
    assert_eq!(store.views(ana.to_owned()).await.unwrap(), [view("all", "q=2")]);
    assert_eq!(store.views(ben.to_owned()).await.unwrap(), [view("mine", "")]);
}
