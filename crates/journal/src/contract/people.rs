//! Users, roles, tokens and sessions.

use super::Subject;
use super::given::{at, name};
use crate::{JournalError, PeopleChange, PeopleStore as _};
use footbridge_model::id::{SessionId, TokenId, UserId};
use footbridge_model::people::{
    ApiToken, ConsoleSession, OidcIdentity, Role, RoleName, SignInLink, User, UserName,
};
use footbridge_model::permission::{Permission, Permissions};
use footbridge_model::secret::Secret;

fn user(number: u64, name: &str) -> User {
    User {
        id: UserId::from_number(number),
        name: UserName::parse(name).unwrap(),
        display_name: "Ana \u{1f642}".into(),
        email: Some("ana@example.com".into()),
        role: Some(RoleName::parse("support").unwrap()),
        enabled: true,
        password: Some(Secret::new("$argon2id$x")),
        oidc: None,
        created_at: at(1),
        last_seen_at: None,
    }
}

fn role() -> Role {
    Role {
        name: RoleName::parse("support").unwrap(),
        permissions: Permissions::of(&[Permission::EventsRead, Permission::SettingsWrite]),
        apps: Some([name("shop"), name("camera")].into_iter().collect()),
    }
}

fn session(number: u64, user: u64, made: i64) -> ConsoleSession {
    ConsoleSession {
        id: SessionId::from_number(number),
        digest: [u8::try_from(number).unwrap(); 32],
        user: Some(UserId::from_number(user)),
        made_at: at(made),
        seen_at: at(made),
        address: Some("2001:db8::7".parse().unwrap()),
        agent: "Browser \"1\"".into(),
    }
}

fn token(number: u64, user: Option<u64>) -> ApiToken {
    ApiToken {
        id: TokenId::from_number(number),
        name: "ci".into(),
        prefix: "fbk_abc".into(),
        digest: [u8::try_from(number).unwrap(); 32],
        permissions: Permissions::of(&[Permission::EventsSend]),
        apps: Some([name("shop")].into_iter().collect()),
        user: user.map(UserId::from_number),
        created_at: at(3),
        expires_at: Some(at(9)),
        last_used_at: None,
    }
}

/// Stores users, roles, tokens and sessions, and reads them back.
pub async fn people_are_stored<S: Subject>(mut subject: S) {
    let ana = user(1, "ana");
    let by_provider = OidcIdentity { issuer: "https://id.example".into(), subject: "77".into() };
    let ben = User { password: None, email: None, role: None, oidc: Some(by_provider), ..user(2, "ben") };
    let changes = vec![
        PeopleChange::PutUser(Box::new(ben.clone())),
        PeopleChange::PutUser(Box::new(ana.clone())),
        PeopleChange::PutRole(role()),
        PeopleChange::PutToken(Box::new(token(5, Some(1)))),
        PeopleChange::PutToken(Box::new(token(6, None))),
        PeopleChange::StartSession(Box::new(session(7, 1, 10))),
    ];
    subject.store().change_people(changes).await.unwrap();
    subject.reopen().await;
    let store = subject.store();
    let found = store.people().await.unwrap();
    assert_eq!(found.users, [ana.clone(), ben]);
    assert_eq!(found.roles, [role()]);
    assert_eq!(found.tokens, [token(5, Some(1)), token(6, None)]);
    assert_eq!(found.sessions, [session(7, 1, 10)]);
    let found = store.session_by_digest([7; 32]).await.unwrap().unwrap();
    assert_eq!((found.session, found.user, found.role), (session(7, 1, 10), Some(ana.clone()), Some(role())));
    let found = store.token_by_digest([5; 32]).await.unwrap().unwrap();
    assert_eq!((found.token, found.user, found.role), (token(5, Some(1)), Some(ana), Some(role())));
    let found = store.token_by_digest([6; 32]).await.unwrap().unwrap();
    assert_eq!((found.token, found.user, found.role), (token(6, None), None, None));
    assert!(store.session_by_digest([8; 32]).await.unwrap().is_none());
    assert!(store.token_by_digest([8; 32]).await.unwrap().is_none());
}

/// Refuses a second user of a name or an identity, and then stores nothing of the call.
pub async fn names_of_users_are_unique<S: Subject>(subject: S) {
    let store = subject.store();
    let identity = OidcIdentity { issuer: "https://id.example".into(), subject: "77".into() };
    let ana = User { oidc: Some(identity), ..user(1, "ana") };
    store.change_people(vec![PeopleChange::PutUser(Box::new(ana.clone()))]).await.unwrap();
    let same_name = User { oidc: None, ..user(2, "ANA") };
    let same_identity =
        User { name: UserName::parse("ben").unwrap(), id: UserId::from_number(2), ..ana.clone() };
    for second in [same_name, same_identity] {
        let changes = vec![PeopleChange::PutRole(role()), PeopleChange::PutUser(Box::new(second))];
        assert_eq!(store.change_people(changes).await, Err(JournalError::Exists("user")));
        let found = store.people().await.unwrap();
        assert!(found.roles.is_empty() && found.users == std::slice::from_ref(&ana));
    }
    let renamed = User { name: UserName::parse("ann").unwrap(), ..ana };
    store.change_people(vec![PeopleChange::PutUser(Box::new(renamed.clone()))]).await.unwrap();
    assert_eq!(store.people().await.unwrap().users, [renamed]);
}

/// Deletes what belongs to a user with the user, and takes a deleted role from its users.
pub async fn what_belongs_to_people_goes_with_them<S: Subject>(subject: S) {
    let store = subject.store();
    let link = |byte, user| SignInLink { digest: [byte; 32], user, expires_at: at(60) };
    let changes = vec![
        PeopleChange::PutUser(Box::new(user(1, "ana"))),
        PeopleChange::PutUser(Box::new(user(2, "ben"))),
        PeopleChange::PutRole(role()),
        PeopleChange::PutToken(Box::new(token(5, Some(1)))),
        PeopleChange::PutToken(Box::new(token(6, None))),
        PeopleChange::StartSession(Box::new(session(7, 1, 10))),
        PeopleChange::StartSession(Box::new(session(8, 2, 10))),
        PeopleChange::PutLink(link(1, Some(UserId::from_number(1)))),
        PeopleChange::PutLink(link(2, None)),
    ];
    store.change_people(changes).await.unwrap();
    let changes =
        vec![PeopleChange::DeleteUser(UserId::from_number(1)), PeopleChange::DeleteRole(role().name)];
    store.change_people(changes).await.unwrap();
    let found = store.people().await.unwrap();
    assert_eq!(found.users, [User { role: None, ..user(2, "ben") }]);
    assert_eq!((found.roles.len(), found.tokens), (0, vec![token(6, None)]));
    assert_eq!(found.sessions, [session(8, 2, 10)]);
    assert_eq!(store.use_link([1; 32]).await, Ok(None));
    assert_eq!(store.use_link([2; 32]).await, Ok(Some(link(2, None))));
    assert_eq!(store.use_link([2; 32]).await, Ok(None), "a link works once");
}

/// Ends sessions one by one, by user and by age; notes uses only of what is still there.
pub async fn sessions_end<S: Subject>(subject: S) {
    let store = subject.store();
    let mut changes = vec![
        PeopleChange::PutUser(Box::new(user(1, "ana"))),
        PeopleChange::PutToken(Box::new(token(5, None))),
        PeopleChange::PutLink(SignInLink { digest: [9; 32], user: None, expires_at: at(15) }),
    ];
    changes.extend(
        [(1, 1, 10), (2, 2, 20), (3, 2, 30), (4, 3, 40)]
            .map(|(number, user, made)| PeopleChange::StartSession(Box::new(session(number, user, made)))),
    );
    store.change_people(changes).await.unwrap();
    let ids = async || -> Vec<u64> {
        store.people().await.unwrap().sessions.iter().map(|session| session.id.number()).collect()
    };
    store.change_people(vec![PeopleChange::EndSession(SessionId::from_number(4))]).await.unwrap();
    assert_eq!(ids().await, [1, 2, 3]);
    store.change_people(vec![PeopleChange::EndSessionsOf(UserId::from_number(2))]).await.unwrap();
    assert_eq!(ids().await, [1]);
    let seen = vec![
        PeopleChange::SessionSeen(SessionId::from_number(1), at(50)),
        PeopleChange::SessionSeen(SessionId::from_number(4), at(50)),
        PeopleChange::UserSeen(UserId::from_number(1), at(51)),
        PeopleChange::UserSeen(UserId::from_number(9), at(51)),
        PeopleChange::TokenUsed(TokenId::from_number(5), at(52)),
        PeopleChange::TokenUsed(TokenId::from_number(9), at(52)),
    ];
    store.change_people(seen).await.unwrap();
    let found = store.people().await.unwrap();
    assert_eq!(found.sessions, [ConsoleSession { seen_at: at(50), ..session(1, 1, 10) }]);
    assert_eq!(found.users.first().and_then(|user| user.last_seen_at), Some(at(51)));
    assert_eq!(found.tokens, [ApiToken { last_used_at: Some(at(52)), ..token(5, None) }]);
    let expire =
        |made, seen, now| vec![PeopleChange::Expire { made: at(made), seen: at(seen), now: at(now) }];
    store.change_people(expire(10, 50, 15)).await.unwrap();
    assert_eq!(ids().await, [1]);
    store.change_people(expire(10, 51, 16)).await.unwrap();
    assert!(ids().await.is_empty());
    assert_eq!(store.use_link([9; 32]).await, Ok(None));
}
