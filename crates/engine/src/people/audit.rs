//! Entries of the audit log for changes of users, roles, tokens and sessions.

use crate::audit::{Act, Members, changed_members, created, deleted, members, updated};
use footbridge_journal::{PeopleChange, PeopleSnapshot};
use footbridge_model::audit::AuditObject;
use footbridge_model::people::{ApiToken, ConsoleSession, Role, User};
use footbridge_model::permission::Permissions;
use serde_json::json;

/// The act that a change is, given what was stored before; `None` if it is none of a person.
pub(super) fn act(before: &PeopleSnapshot, change: &PeopleChange) -> Option<Act> {
    match change {
        PeopleChange::PutUser(user) => Some(put_user(before, user)),
        PeopleChange::DeleteUser(id) => {
            let user = before.users.iter().find(|user| user.id == *id)?;
            Some(deleted("user.delete", of_user(user), user_members(user)))
        }
        PeopleChange::PutRole(role) => Some(put_role(before, role)),
        PeopleChange::DeleteRole(name) => {
            let role = before.roles.iter().find(|role| role.name == *name)?;
            Some(deleted("role.delete", AuditObject::new("role", name), role_members(role)))
        }
        PeopleChange::PutToken(token) => {
            Some(created("api_token.create", AuditObject::new("api_token", token.id), token_members(token)))
        }
        PeopleChange::DeleteToken(id) => {
            let token = before.tokens.iter().find(|token| token.id == *id)?;
            Some(deleted("api_token.delete", AuditObject::new("api_token", id), token_members(token)))
        }
        PeopleChange::StartSession(session) => Some(created(
            "session.start",
            AuditObject::new("session", session.id),
            session_members(before, session),
        )),
        PeopleChange::EndSession(id) => {
            let session = before.sessions.iter().find(|session| session.id == *id)?;
            Some(deleted("session.end", AuditObject::new("session", id), session_members(before, session)))
        }
        PeopleChange::PutLink(link) => {
            let user = before.users.iter().find(|user| Some(user.id) == link.user);
            let name = user.map_or("admin", |user| user.name.as_str());
            Some(created("sign_in_link.create", AuditObject::new("user", name), Members::new()))
        }
        PeopleChange::EndSessionsOf(_)
        | PeopleChange::UserSeen(..)
        | PeopleChange::SessionSeen(..)
        | PeopleChange::TokenUsed(..)
        | PeopleChange::Audit(_)
        | PeopleChange::Expire { .. } => None,
    }
}

fn put_user(before: &PeopleSnapshot, user: &User) -> Act {
    let Some(known) = before.users.iter().find(|known| known.id == user.id) else {
        return created("user.create", of_user(user), user_members(user));
    };
    let (old, new) = changed_members(user_members(known), user_members(user));
    let action = updated(&old, ["user.enable", "user.disable", "user.update"], user.enabled);
    let note = (known.password != user.password).then(|| "the password was set".to_owned());
    Act { action, object: of_user(user), before: Some(old), after: Some(new), note }
}

fn put_role(before: &PeopleSnapshot, role: &Role) -> Act {
    let object = AuditObject::new("role", &role.name);
    let Some(known) = before.roles.iter().find(|known| known.name == role.name) else {
        return created("role.create", object, role_members(role));
    };
    let (old, new) = changed_members(role_members(known), role_members(role));
    Act { action: "role.update", object, before: Some(old), after: Some(new), note: None }
}

fn of_user(user: &User) -> AuditObject {
    AuditObject::new("user", &user.name)
}

fn user_members(user: &User) -> Members {
    members(json!({
        "id": user.id,
        "display_name": user.display_name,
        "email": user.email,
        "role": user.role.as_ref().map(ToString::to_string),
        "enabled": user.enabled,
        "source": if user.oidc.is_some() { "oidc" } else { "local" },
    }))
}

fn names(permissions: Permissions) -> Vec<&'static str> {
    permissions.iter().map(footbridge_model::permission::Permission::as_str).collect()
}

fn role_members(role: &Role) -> Members {
    let apps = role.apps.as_ref().map(|apps| apps.iter().map(ToString::to_string).collect::<Vec<_>>());
    members(json!({"permissions": names(role.permissions), "apps": apps}))
}

fn token_members(token: &ApiToken) -> Members {
    let apps = token.apps.as_ref().map(|apps| apps.iter().map(ToString::to_string).collect::<Vec<_>>());
    members(json!({
        "name": token.name,
        "prefix": token.prefix,
        "permissions": names(token.permissions),
        "apps": apps,
        "expires_at": token.expires_at.map(|at| at.to_string()),
    }))
}

fn session_members(before: &PeopleSnapshot, session: &ConsoleSession) -> Members {
    let user = before.users.iter().find(|user| Some(user.id) == session.user);
    members(json!({
        "user": user.map_or("admin", |user| user.name.as_str()),
        "from": session.address.map(|address| address.to_string()),
        "agent": session.agent,
    }))
}
