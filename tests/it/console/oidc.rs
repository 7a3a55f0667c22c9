//! Signing in at a provider, also at one that lies.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use harness::{Answer, Call, Console, Gateway, Receiver, Reply, Setup, each};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

/// A provider that says what a test makes it say.
struct Provider {
    receiver: Receiver,
    key: Ed25519KeyPair,
}

fn new_key() -> Ed25519KeyPair {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap()
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

impl Provider {
    fn start() -> Self {
        let provider = Self { receiver: Receiver::start(), key: new_key() };
        let metadata = json!({
            "issuer": provider.issuer(),
            "authorization_endpoint": provider.receiver.url("/authorize?prompt=login"),
            "token_endpoint": provider.receiver.url("/token"),
            "jwks_uri": provider.receiver.url("/jwks"),
            "userinfo_endpoint": provider.receiver.url("/userinfo"),
        });
        provider.receiver.at("/.well-known/openid-configuration", Reply::json(metadata.to_string()));
        provider.publish_key("one");
        provider
    }

    fn issuer(&self) -> String {
        self.receiver.url("")
    }

    fn publish_key(&self, id: &str) {
        let key = json!({"kty": "OKP", "crv": "Ed25519", "kid": id, "x": encode(self.key.public_key())});
        self.receiver.at("/jwks", Reply::json(json!({"keys": [key]}).to_string()));
    }

    fn claims(&self, nonce: &str) -> Value {
        json!({"iss": self.issuer(), "aud": "footbridge", "sub": "77", "iat": now(), "exp": now() + 300,
            "nonce": nonce, "groups": ["staff"], "preferred_username": "Ana", "name": "Ana <b>Lee</b>",
            "email": "ana@example.com"})
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        format!("{signed}.{}", encode(self.key.sign(signed.as_bytes())))
    }

    /// Answers the code with this token.
    fn answer_with(&self, token: &str) {
        let tokens = json!({"access_token": "at", "token_type": "Bearer", "id_token": token});
        self.receiver.at("/token", Reply::json(tokens.to_string()));
    }

    fn setup(&self) -> Setup {
        // The policy refuses loopback, but the operator has written this address.
        Setup::strict()
            .set("console", "listen", "\"127.0.0.1:0\"")
            .set("oidc", "issuer", &format!("{:?}", self.issuer()))
            .set("oidc", "client_id", "\"footbridge\"")
            .set("oidc", "client_secret", "\"s+e:cret\"")
            .set("oidc", "roles", r#"["admins = owner", "staff = viewer"]"#)
    }
}

/// A sign-in that the browser has begun: what the provider got, and the cookie that waits.
struct Begun {
    console: Console,
    location: String,
    cookie: String,
}

impl Begun {
    #[track_caller]
    fn at(gateway: &Gateway) -> Self {
        let console = Console::of(gateway);
        let start = Call::new(console.address(), "GET", "/api/v1/oidc/start").send();
        Self::with(&console, start)
    }

    /// The sign-in that this answer begins.
    #[track_caller]
    fn with(console: &Console, start: Answer) -> Self {
        let (console, start) = (Console::clone(console), start.expect(302));
        let set = start.header("set-cookie").unwrap();
        assert!(set.starts_with("fb_console_oidc=") && set.contains("HttpOnly; SameSite=Lax"), "{set}");
        let cookie = set.split(';').next().unwrap().to_owned();
        let location = start.header("location").unwrap().to_owned();
        Self { console, location, cookie }
    }

    #[track_caller]
    fn sent(&self, name: &str) -> String {
        let (_, rest) = self.location.split_once(&format!("{name}=")).expect(&self.location);
        rest.split('&').next().unwrap().to_owned()
    }

    /// The browser comes back from the provider, as browsers do: from another site.
    fn come_back(&self, query: &str, cookie: &str) -> Answer {
        let path = format!("/api/v1/oidc/callback?{query}");
        let call = Call::new(self.console.address(), "GET", &path).header("Sec-Fetch-Site", "cross-site");
        call.header("Cookie", cookie).send()
    }

    fn finish(&self) -> Answer {
        self.come_back(&format!("code=c&state={}", self.sent("state")), &self.cookie)
    }

    /// Ends with a session, which this returns.
    #[track_caller]
    fn signed_in(&self) -> Console {
        let answer = self.finish().expect(302);
        assert_eq!(answer.header("location"), Some("/"));
        let set = answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        let cookies: Vec<&str> = set.map(|(_, value)| value.as_str()).collect();
        assert!(cookies.iter().any(|cookie| cookie.starts_with("fb_console_oidc=;")), "{cookies:?}");
        let session = cookies.iter().find(|cookie| cookie.starts_with("fb_console=")).unwrap();
        assert!(session.contains("SameSite=Strict"), "{session}");
        self.console.with_cookie(session.split(';').next().unwrap())
    }
}

#[test]
fn a_user_of_the_provider_signs_in_with_the_role_of_a_rule() {
    let provider = Provider::start();
    let gateway = provider.setup().start();
    let options = Console::of(&gateway).get("sign-in-options");
    assert_eq!(options["oidc"]["start"], "/api/v1/oidc/start");
    let begun = Begun::at(&gateway);
    assert!(
        begun.location.starts_with(&provider.receiver.url("/authorize?prompt=login&response_type=code")),
        "{}",
        begun.location
    );
    assert_eq!(begun.sent("code_challenge_method"), "S256");
    assert!(begun.sent("scope").contains("openid"));
    provider.answer_with(
        &provider.token(&json!({"alg": "EdDSA", "kid": "one"}), &provider.claims(&begun.sent("nonce"))),
    );
    let session = begun.signed_in();
    let me = session.get("session");
    assert_eq!((&me["user"]["name"], &me["user"]["role"]), (&json!("ana"), &json!("viewer")));
    assert_eq!(me["user"]["display_name"], "Ana <b>Lee</b>");
    let asked = provider.receiver.requests_at("/token").remove(0);
    assert_eq!(asked.header("authorization"), Some("Basic Zm9vdGJyaWRnZTpzJTJCZSUzQWNyZXQ="));
    for part in ["grant_type=authorization_code", "code=c", "code_verifier=", "redirect_uri=http"] {
        assert!(asked.text().contains(part), "{}", asked.text());
    }
    // The role follows the provider, also away from it.
    let again = Begun::at(&gateway);
    let mut claims = provider.claims(&again.sent("nonce"));
    claims["groups"] = json!("admins");
    claims["preferred_username"] = json!("renamed");
    provider.answer_with(&provider.token(&json!({"alg": "EdDSA"}), &claims));
    let owner = again.signed_in();
    assert_eq!(owner.get("session")["user"]["role"], "owner");
    session.call("GET", "session").send().expect(401);
    let users = owner.get("users")["data"].as_array().unwrap().clone();
    assert_eq!(users.len(), 1, "{users:?}");
    assert_eq!((&users[0]["name"], &users[0]["source"]), (&json!("ana"), &json!("oidc")));
    let lost = Begun::at(&gateway);
    let mut claims = provider.claims(&lost.sent("nonce"));
    claims["groups"] = json!(["others"]);
    provider.answer_with(&provider.token(&json!({"alg": "EdDSA"}), &claims));
    let refused = lost.finish().expect(403);
    let text = refused.text();
    assert!(text.contains("[oidc] roles") && text.contains("`groups`") && !text.contains("others"), "{text}");
    assert!(refused.header("set-cookie").is_none());
    // The role of such a user is not changed here, and who is disabled here stays out.
    let user = format!("users/{}", users[0]["id"].as_str().unwrap());
    owner.send("PATCH", &user, &json!({"role": "viewer"})).expect(422);
    gateway.admin().send("PATCH", &user, &json!({"enabled": false})).expect(200);
    let begun = Begun::at(&gateway);
    provider.answer_with(&provider.token(&json!({"alg": "EdDSA"}), &provider.claims(&begun.sent("nonce"))));
    assert!(begun.finish().expect(403).text().contains("disabled"));
}

#[test]
fn what_is_not_of_this_sign_in_is_refused() {
    let mut provider = Provider::start();
    let gateway = provider.setup().start();
    let good = |begun: &Begun| provider.claims(&begun.sent("nonce"));
    each(
        [
            ("nonce", json!("other")),
            ("aud", json!("other")),
            ("iss", json!("https://other.example")),
            ("exp", json!(now() - 120)),
            ("iat", json!(now() + 3600)),
            ("sub", json!(null)),
            ("groups", json!(null)),
        ],
        |(name, value)| {
            let begun = Begun::at(&gateway);
            let mut claims = good(&begun);
            claims[*name] = value.clone();
            provider.answer_with(&provider.token(&json!({"alg": "EdDSA", "kid": "one"}), &claims));
            let answer = begun.finish();
            assert!(matches!(answer.status, 403 | 502), "{name}: {} {}", answer.status, answer.text());
            assert!(answer.header("set-cookie").is_none(), "{name}");
        },
    );
    each(["none", "HS256", "RS256"], |alg| {
        let begun = Begun::at(&gateway);
        provider.answer_with(&provider.token(&json!({"alg": alg, "kid": "one"}), &good(&begun)));
        begun.finish().expect(403);
    });
    // A signature with the public key as a shared secret, and no signature at all.
    let begun = Begun::at(&gateway);
    let unsigned = provider.token(&json!({"alg": "EdDSA"}), &good(&begun));
    provider.answer_with(unsigned.rsplit_once('.').unwrap().0);
    begun.finish().expect(403);

    let begun = Begun::at(&gateway);
    provider.answer_with(&provider.token(&json!({"alg": "EdDSA", "kid": "one"}), &good(&begun)));
    let state = begun.sent("state");
    let other = Begun::at(&gateway);
    begun.come_back("code=c&state=wrong", &begun.cookie).expect(400);
    begun.come_back(&format!("code=c&state={state}"), "").expect(400);
    begun.come_back(&format!("code=c&state={state}"), &other.cookie).expect(400);
    begun.come_back(&format!("code=c&state={state}&state={state}"), &begun.cookie).expect(400);
    begun
        .come_back(&format!("code=c&state={state}&iss=https%3A%2F%2Fevil.example"), &begun.cookie)
        .expect(403);
    let said = begun.come_back(&format!("error=%3Cscript%3E&state={state}"), &begun.cookie).expect(403);
    assert!(said.text().contains("&lt;script>") && !said.text().contains("<script"), "{}", said.text());
    assert!(said.header("content-security-policy").unwrap().contains("default-src 'none'"));
    begun.signed_in();

    // The provider has a new key: it is fetched when a token names it, though not at every token.
    provider.key = new_key();
    provider.publish_key("two");
    harness::until("the new key counts", harness::WAIT, || {
        let begun = Begun::at(&gateway);
        let claims = provider.claims(&begun.sent("nonce"));
        provider.answer_with(&provider.token(&json!({"alg": "EdDSA", "kid": "two"}), &claims));
        begun.finish().status == 302
    });
}

#[test]
fn a_provider_that_is_down_or_another_leaves_the_way_by_the_admin_token() {
    let provider = Provider::start();
    let gateway = provider.setup().start();
    each(
        [Reply::status(500), Reply::json("{}"), Reply::json(r#"{"issuer": "https://other.example"}"#)],
        |reply| {
            provider.receiver.at("/.well-known/openid-configuration", reply.clone());
            let console = Console::of(&gateway);
            let answer = Call::new(console.address(), "GET", "/api/v1/oidc/start").send().expect(502);
            assert!(answer.text().contains("footbridge console"), "{}", answer.text());
        },
    );
    Console::by_link(&gateway).get("session");
    // Without a provider there is no such path, and the server's own listener never has it.
    let none = super::setup().start();
    let console = Console::of(&none);
    assert_eq!(console.get("sign-in-options")["oidc"], json!(null));
    Call::new(console.address(), "GET", "/api/v1/oidc/start").send().expect(404);
    gateway.get("/api/v1/oidc/start").expect(404);
}

#[test]
fn a_test_of_the_sign_in_shows_what_would_happen_and_signs_nobody_in() {
    let provider = Provider::start();
    let gateway = provider.setup().start();
    let admin = Console::by_link(&gateway);
    let path = admin.get("sign-in-options")["oidc"]["test"].as_str().unwrap().to_owned();
    let tail = path.strip_prefix("/api/v1/").unwrap();
    // Only somebody who may change the settings begins one, and no link of another site.
    Console::of(&gateway).call("GET", tail).send().expect(403);
    super::add_user(&admin, "vera", "viewer");
    Console::by_password(&gateway, "vera", super::PASSWORD).call("GET", tail).send().expect(403);
    let cross = Call::new(admin.address(), "GET", &path).header("Sec-Fetch-Site", "cross-site");
    cross.header("Cookie", admin.cookie()).send().expect(403);
    let test = |groups: &Value| {
        let begun = Begun::with(&admin, admin.call("GET", tail).send());
        let mut claims = provider.claims(&begun.sent("nonce"));
        claims["groups"] = groups.clone();
        provider.answer_with(&provider.token(&json!({"alg": "EdDSA"}), &claims));
        begun.finish()
    };
    let works = test(&json!(["staff"])).expect(200);
    let text = works.text();
    for shown in ["the role `viewer`", "`preferred_username`", "`groups`", "nothing was changed"] {
        assert!(text.contains(shown), "{text}");
    }
    let refused = test(&json!(["others"])).expect(403);
    assert!(refused.text().contains("`email`"), "{}", refused.text());
    for answer in [&works, &refused] {
        assert!(
            !answer.text().contains("ana@example.com") && !answer.text().contains("others"),
            "{}",
            answer.text()
        );
        let set = answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        assert!(set.map(|(_, value)| value).all(|value| !value.starts_with("fb_console=")), "{answer:?}");
    }
    let names: Vec<_> =
        admin.get("users")["data"].as_array().unwrap().iter().map(|user| user["name"].clone()).collect();
    assert_eq!(names, ["vera"]);
    admin.get("session");
}
