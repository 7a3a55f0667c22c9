//! `[oidc]`: a provider at which people sign in to the console.

use footbridge_oidc::{OidcSettings, RoleRule};

use super::{section::Section, value};

/// The scopes that are asked for by default, beside `openid`.
const SCOPES: [&str; 2] = ["profile", "email"];

/// Reads the table `[oidc]`; `None` if there is none.
pub(super) fn read(top: &Section<'_>) -> Option<OidcSettings> {
    if !top.has("oidc") {
        return None;
    }
    let table = top.table("oidc");
    for key in ["issuer", "client_id", "roles"] {
        table.require(key);
    }
    let text = |key: &str| table.parse_if_set(key, |text| Ok(text.to_owned()));
    let rules: Vec<RoleRule> = table.list("roles", |text| {
        text.parse().map_err(|error: footbridge_oidc::RoleRuleError| error.to_string())
    })?;
    if rules.is_empty() {
        table.problem("roles", "has no rule, so nobody could sign in; write one such as \"admins = owner\"");
    }
    let issuer = table.parse_if_set("issuer", issuer)?;
    let host = url::Url::parse(&issuer).ok().and_then(|url| url.host_str().map(str::to_owned));
    Some(OidcSettings {
        client_id: text("client_id")?,
        client_secret: table.secret("client_secret", value::visible_ascii),
        name: text("name").or(host).unwrap_or_else(|| issuer.clone()),
        scopes: table
            .list("scopes", |text| Ok(text.to_owned()))
            .unwrap_or_else(|| SCOPES.map(str::to_owned).to_vec()),
        claim: text("claim").unwrap_or_else(|| "groups".to_owned()),
        roles: rules,
        issuer,
    })
}

/// Reads the URL of a provider. Tokens must have exactly this text.
fn issuer(text: &str) -> Result<String, String> {
    let read = value::base_url(text)?;
    let url = url::Url::parse(&read).map_err(|error| error.to_string())?;
    let local = match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    if url.scheme() == "https" || local {
        Ok(read)
    } else {
        Err("must begin with https://: its answers decide who may sign in".to_owned())
    }
}
