//! Users, roles, tokens and sessions.

use super::gate::CallKind;
use super::handle::MemoryJournal;
use super::state::State;
use crate::{FoundSession, FoundToken, JournalError, PeopleChange, PeopleSnapshot, PeopleStore, Wait};
use footbridge_model::id::{SessionId, TokenId, UserId};
use footbridge_model::people::{ApiToken, ConsoleSession, Role, RoleName, SignInLink, User};
use std::collections::BTreeMap;

/// The rows about people.
#[derive(Clone, Default)]
pub(super) struct PeopleRows {
    users: BTreeMap<UserId, User>,
    roles: BTreeMap<RoleName, Role>,
    tokens: BTreeMap<TokenId, ApiToken>,
    sessions: BTreeMap<SessionId, ConsoleSession>,
    links: BTreeMap<[u8; 32], SignInLink>,
}

impl PeopleStore for MemoryJournal {
    fn people(&self) -> Wait<PeopleSnapshot> {
        self.call(CallKind::Read, |state, _| Ok(state.people.snapshot()))
    }

    fn change_people(&self, changes: Vec<PeopleChange>) -> Wait<()> {
        self.call(CallKind::ChangePeople, move |state: &mut State, _| {
            // All of it, or nothing.
            let mut rows = state.people.clone();
            let mut audit = Vec::new();
            for change in changes {
                match change {
                    PeopleChange::Audit(entry) => audit.push(*entry),
                    change => rows.change(change)?,
                }
            }
            state.people = rows;
            state.add_audit(audit);
            Ok(())
        })
    }

    fn session_by_digest(&self, digest: [u8; 32]) -> Wait<Option<FoundSession>> {
        self.call(CallKind::Read, move |state, _| {
            let rows = &state.people;
            let session = rows.sessions.values().find(|session| session.digest == digest).cloned();
            Ok(session.map(|session| {
                let (user, role) = rows.user_and_role(session.user);
                FoundSession { session, user, role }
            }))
        })
    }

    fn token_by_digest(&self, digest: [u8; 32]) -> Wait<Option<FoundToken>> {
        self.call(CallKind::Read, move |state, _| {
            let rows = &state.people;
            let token = rows.tokens.values().find(|token| token.digest == digest).cloned();
            Ok(token.map(|token| {
                let (user, role) = rows.user_and_role(token.user);
                FoundToken { token, user, role }
            }))
        })
    }

    fn use_link(&self, digest: [u8; 32]) -> Wait<Option<SignInLink>> {
        self.call(CallKind::ChangePeople, move |state, _| Ok(state.people.links.remove(&digest)))
    }
}

impl PeopleRows {
    fn snapshot(&self) -> PeopleSnapshot {
        let mut users: Vec<User> = self.users.values().cloned().collect();
        users.sort_by(|a, b| a.name.cmp(&b.name));
        PeopleSnapshot {
            users,
            roles: self.roles.values().cloned().collect(),
            tokens: self.tokens.values().cloned().collect(),
            sessions: self.sessions.values().cloned().collect(),
        }
    }

    fn user_and_role(&self, user: Option<UserId>) -> (Option<User>, Option<Role>) {
        let user = user.and_then(|id| self.users.get(&id)).cloned();
        let role = user.as_ref().and_then(|user| self.roles.get(user.role.as_ref()?)).cloned();
        (user, role)
    }

    fn change(&mut self, change: PeopleChange) -> Result<(), JournalError> {
        match change {
            PeopleChange::PutUser(user) => return self.put_user(*user),
            PeopleChange::DeleteUser(id) => {
                self.users.remove(&id);
                self.tokens.retain(|_, token| token.user != Some(id));
                self.sessions.retain(|_, session| session.user != Some(id));
                self.links.retain(|_, link| link.user != Some(id));
            }
            PeopleChange::PutRole(role) => drop(self.roles.insert(role.name.clone(), role)),
            PeopleChange::DeleteRole(name) => {
                self.roles.remove(&name);
                let of_role = self.users.values_mut().filter(|user| user.role.as_ref() == Some(&name));
                of_role.for_each(|user| user.role = None);
            }
            PeopleChange::PutToken(token) => drop(self.tokens.insert(token.id, *token)),
            PeopleChange::DeleteToken(id) => drop(self.tokens.remove(&id)),
            PeopleChange::StartSession(session) => drop(self.sessions.insert(session.id, *session)),
            PeopleChange::EndSession(id) => drop(self.sessions.remove(&id)),
            PeopleChange::EndSessionsOf(id) => self.sessions.retain(|_, session| session.user != Some(id)),
            PeopleChange::UserSeen(id, at) => {
                self.users.get_mut(&id).into_iter().for_each(|user| user.last_seen_at = Some(at));
            }
            PeopleChange::SessionSeen(id, at) => {
                self.sessions.get_mut(&id).into_iter().for_each(|session| session.seen_at = at);
            }
            PeopleChange::TokenUsed(id, at) => {
                self.tokens.get_mut(&id).into_iter().for_each(|token| token.last_used_at = Some(at));
            }
            PeopleChange::PutLink(link) => drop(self.links.insert(link.digest, link)),
            // The entries are no rows of people.
            PeopleChange::Audit(_) => {}
            PeopleChange::Expire { made, seen, now } => {
                self.sessions.retain(|_, session| session.made_at >= made && session.seen_at >= seen);
                self.links.retain(|_, link| link.expires_at >= now);
            }
        }
        Ok(())
    }

    fn put_user(&mut self, user: User) -> Result<(), JournalError> {
        let taken = |other: &User| {
            other.id != user.id && (other.name == user.name || user.oidc.is_some() && other.oidc == user.oidc)
        };
        if self.users.values().any(taken) {
            return Err(JournalError::Exists("user"));
        }
        self.users.insert(user.id, user);
        Ok(())
    }
}
