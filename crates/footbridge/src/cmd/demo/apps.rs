//! The sample apps, and the configuration with which the server knows them.

use std::{fmt::Write as _, net::SocketAddr, path::Path};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use footbridge_model::{secret::Secret, signature, time::Entropy};

/// The name of the host, an app that embeds miniapps.
pub(super) const HOST: &str = "superapp";
/// The name of the miniapp, whose page the host embeds.
pub(super) const MINIAPP: &str = "shop";
/// The name of a third app, which only receives events.
pub(super) const LISTENER: &str = "mailer";

/// The event that the miniapp publishes in the steps.
pub(super) const PUBLISHED: &str = "order-paid";

/// The event that the host publishes for a visitor of its page. All three apps get it.
pub(super) const PHOTO: &str = "photo-saved";
/// The custom event of the miniapp that the host's page forwards.
pub(super) const BOUGHT: &str = "buy";

/// The path at which every sample app receives exchanges.
pub(super) const RECEIVER_PATH: &str = "/events";
/// The path at which every sample app receives published events, followed by the event's name.
pub(super) const HOOK_PATH: &str = "/hooks/";

/// One sample app with its address and its credentials.
#[derive(Debug, Clone)]
pub(super) struct SampleApp {
    pub(super) name: &'static str,
    /// The address of its back end; `None` until it listens.
    pub(super) address: Option<SocketAddr>,
    /// The token with which it publishes events.
    pub(super) token: Secret,
    /// The key with which it sends exchanges.
    pub(super) secret_key: Secret,
    /// The secret with which the server signs requests to it.
    pub(super) signing_secret: Secret,
}

/// The three sample apps.
#[derive(Debug, Clone)]
pub(super) struct SampleApps {
    pub(super) host: SampleApp,
    pub(super) miniapp: SampleApp,
    pub(super) listener: SampleApp,
}

impl SampleApp {
    fn new(name: &'static str, entropy: &dyn Entropy) -> Self {
        Self {
            name,
            address: None,
            token: short_secret(entropy),
            secret_key: short_secret(entropy),
            signing_secret: signature::make(entropy),
        }
    }

    /// Returns the value of `Authorization` in exchanges from the app and to it.
    pub(super) fn authorization(&self) -> Secret {
        let pair = format!("{}:{}", self.name, self.secret_key.expose());
        Secret::new(format!("Token {}", STANDARD.encode(pair)))
    }
}

/// Returns a secret of 96 random bits: enough for one run on this machine, and short enough to be copied.
fn short_secret(entropy: &dyn Entropy) -> Secret {
    let mut bytes = [0; 12];
    entropy.fill(&mut bytes);
    Secret::new(format!("demo_{}", URL_SAFE_NO_PAD.encode(bytes)))
}

impl SampleApps {
    pub(super) fn new(entropy: &dyn Entropy) -> Self {
        let app = |name| SampleApp::new(name, entropy);
        Self { host: app(HOST), miniapp: app(MINIAPP), listener: app(LISTENER) }
    }

    pub(super) fn all(&self) -> [&SampleApp; 3] {
        [&self.host, &self.miniapp, &self.listener]
    }

    pub(super) fn all_mut(&mut self) -> [&mut SampleApp; 3] {
        [&mut self.host, &mut self.miniapp, &mut self.listener]
    }

    /// Returns the configuration file of a server for these apps, without a console if it has no address.
    pub(super) fn configuration(
        &self,
        listen: SocketAddr,
        console: Option<SocketAddr>,
        home: &Path,
    ) -> String {
        let database = home.join("demo.db");
        let console = console.map_or_else(|| "off".to_owned(), |address| address.to_string());
        let mut text = format!(
            "listen = \"{listen}\"\ndatabase = {}\n[server]\ndrain = \"1s\"\n[console]\nlisten = \"{console}\"\n\
             [retry]\nschedule = [\"1s\", \"5s\", \"30s\"]\n",
            quoted(&format!("sqlite:{}", database.display())),
        );
        for app in self.all() {
            let base = app.address.map(|address| format!("http://{address}")).unwrap_or_default();
            // Writing to a string never fails.
            let _ = write!(
                text,
                "[[app]]\nname = \"{}\"\ntoken = \"{}\"\nsecret_key = \"{}\"\nsigning_secret = \"{}\"\n\
                 url = \"{base}\"\nreceiver_url = \"{base}{RECEIVER_PATH}\"\n",
                app.name,
                app.token.expose(),
                app.secret_key.expose(),
                app.signing_secret.expose(),
            );
            let photo = format!("\"{HOST}/{PHOTO}\" = \"{HOOK_PATH}{PHOTO}\"");
            let _ = if app.name == MINIAPP {
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

/// Returns a TOML string. The path of the temporary directory is the only text that may need escapes.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
