//! Who is in the story, and the configuration that makes them known to the server.

use std::{fmt::Write as _, net::SocketAddr, path::Path};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use footbridge_model::{secret::Secret, signature, time::Entropy};

/// The host: an app that others live in.
pub(super) const HOST: &str = "superapp";
/// The miniapp: an app that lives in the host.
pub(super) const MINIAPP: &str = "shop";
/// A third app, which only listens.
pub(super) const LISTENER: &str = "mailer";

/// The event that the miniapp publishes.
pub(super) const PUBLISHED: &str = "order-paid";

/// The event that the host publishes for a visitor of its page; all three hear of it.
pub(super) const PHOTO: &str = "photo-saved";
/// The custom event of the miniapp that the host's page passes on.
pub(super) const BOUGHT: &str = "buy";

/// Where exchanges arrive at every sample app.
pub(super) const RECEIVER_PATH: &str = "/events";
/// Where published events arrive at every sample app, with the event's name behind it.
pub(super) const HOOK_PATH: &str = "/hooks/";

/// One sample app: what it is called, where it runs, what proves it.
#[derive(Debug, Clone)]
pub(super) struct Player {
    pub(super) name: &'static str,
    /// Where its back end listens; set once it does.
    pub(super) address: Option<SocketAddr>,
    /// Proves it where events are published.
    pub(super) token: Secret,
    /// Proves it where events are exchanged.
    pub(super) secret_key: Secret,
    /// What the server signs with on the way to it.
    pub(super) signing_secret: Secret,
}

/// The three sample apps.
#[derive(Debug, Clone)]
pub(super) struct Cast {
    pub(super) host: Player,
    pub(super) miniapp: Player,
    pub(super) listener: Player,
}

impl Player {
    fn new(name: &'static str, entropy: &dyn Entropy) -> Self {
        Self {
            name,
            address: None,
            token: short_secret(entropy),
            secret_key: short_secret(entropy),
            signing_secret: signature::make(entropy),
        }
    }

    /// What stands behind `Authorization:` when it exchanges, and when it is sent an exchange.
    pub(super) fn authorization(&self) -> Secret {
        let pair = format!("{}:{}", self.name, self.secret_key.expose());
        Secret::new(format!("Token {}", STANDARD.encode(pair)))
    }
}

/// 96 random bits: plenty for one run on this machine, and short enough for a line to be copied.
fn short_secret(entropy: &dyn Entropy) -> Secret {
    let mut bytes = [0; 12];
    entropy.fill(&mut bytes);
    Secret::new(format!("demo_{}", URL_SAFE_NO_PAD.encode(bytes)))
}

impl Cast {
    pub(super) fn new(entropy: &dyn Entropy) -> Self {
        let player = |name| Player::new(name, entropy);
        Self { host: player(HOST), miniapp: player(MINIAPP), listener: player(LISTENER) }
    }

    pub(super) fn players(&self) -> [&Player; 3] {
        [&self.host, &self.miniapp, &self.listener]
    }

    pub(super) fn players_mut(&mut self) -> [&mut Player; 3] {
        [&mut self.host, &mut self.miniapp, &mut self.listener]
    }

    /// The file a server would be started with to know these apps.
    pub(super) fn configuration(&self, listen: SocketAddr, home: &Path) -> String {
        let database = home.join("demo.db");
        let mut text = format!(
            "listen = \"{listen}\"\ndatabase = {}\n[server]\ndrain = \"1s\"\n[console]\nlisten = \"off\"\n\
             [retry]\nschedule = [\"1s\", \"5s\", \"30s\"]\n",
            quoted(&format!("sqlite:{}", database.display())),
        );
        for player in self.players() {
            let base = player.address.map(|address| format!("http://{address}")).unwrap_or_default();
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "[[app]]\nname = \"{}\"\ntoken = \"{}\"\nsecret_key = \"{}\"\nsigning_secret = \"{}\"\n\
                 url = \"{base}\"\nreceiver_url = \"{base}{RECEIVER_PATH}\"\n",
                player.name,
                player.token.expose(),
                player.secret_key.expose(),
                player.signing_secret.expose(),
            );
            let photo = format!("\"{HOST}/{PHOTO}\" = \"{HOOK_PATH}{PHOTO}\"");
            let _ = if player.name == MINIAPP {
                writeln!(text, "hooks = {{ {photo} }}")
            } else {
                writeln!(
                    text,
                    "hooks = {{ \"{MINIAPP}/{PUBLISHED}\" = \"{HOOK_PATH}{PUBLISHED}\", {photo} }}"
                )
            };
        }
        let _ = write!(text, "[[link]]\nhost = \"{HOST}\"\nminiapp = \"{MINIAPP}\"\n");
        text
    }
}

/// A basic TOML string; the only text here that is not our own is the path of the temporary folder.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
