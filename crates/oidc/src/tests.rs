//! Tokens as their standards show them, and tokens that must not pass.

use crate::claims;
use crate::error::OidcError;
use crate::flow::Flow;
use crate::jwks::Keys;
use crate::jwt::Token;
use crate::metadata::Metadata;
use crate::roles::RoleRule;
use crate::settings::OidcSettings;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use footbridge_model::time::Millis;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use serde_json::{Map, Value, json};

const NOW: i64 = 1_800_000_000;

fn settings() -> OidcSettings {
    OidcSettings {
        issuer: "https://id.example".into(),
        client_id: "footbridge".into(),
        client_secret: None,
        name: "Example".into(),
        scopes: Vec::new(),
        claim: "groups".into(),
        roles: ["admins = owner", "staff = viewer"].map(|rule| rule.parse().unwrap()).into(),
    }
}

fn good() -> Value {
    json!({"iss": "https://id.example", "aud": "footbridge", "sub": "7", "exp": NOW + 300, "iat": NOW, "nonce": "n",
        "groups": ["staff", "admins"], "preferred_username": "ana", "name": "Ana", "email": "a@example.com"})
}

/// The claims with some members replaced; `null` removes one.
fn with(changes: &Value) -> Map<String, Value> {
    let mut claims = good().as_object().unwrap().clone();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.remove(name);
        } else {
            claims.insert(name.clone(), value.clone());
        }
    }
    claims
}

fn check(changes: &Value) -> Result<(), String> {
    let claims = with(changes);
    claims::check(&claims, &settings(), "n", Millis(NOW * 1000)).map_err(|error| error.to_string())
}

#[test]
fn claims_of_another_sign_in_or_another_client_are_refused() {
    assert_eq!(check(&json!({})), Ok(()));
    assert_eq!(check(&json!({"aud": ["footbridge"]})), Ok(()));
    assert_eq!(check(&json!({"aud": ["footbridge", "x"], "azp": "footbridge"})), Ok(()));
    assert_eq!(check(&json!({"exp": NOW - 30})), Ok(()), "clocks may differ a little");
    for (changes, word) in [
        (json!({"iss": "https://id.example/"}), "issuer"),
        (json!({"iss": null}), "issuer"),
        (json!({"aud": "other"}), "client_id"),
        (json!({"aud": []}), "client_id"),
        (json!({"aud": null}), "client_id"),
        (json!({"aud": ["footbridge", "x"]}), "another client"),
        (json!({"azp": "x"}), "another client"),
        (json!({"exp": NOW - 61}), "expired"),
        (json!({"exp": null}), "expired"),
        (json!({"exp": "never"}), "expired"),
        (json!({"iat": NOW + 61}), "future"),
        (json!({"iat": null}), "future"),
        (json!({"nonce": "m"}), "another sign-in"),
        (json!({"nonce": null}), "another sign-in"),
        (json!({"sub": ""}), "user"),
        (json!({"sub": 7}), "user"),
        (json!({"sub": "x".repeat(256)}), "user"),
    ] {
        let error = check(&changes).unwrap_err();
        assert!(error.contains(word), "{changes}: {error}");
    }
}

#[test]
fn the_first_rule_that_matches_gives_the_role() {
    let of = |changes: Value| claims::identity(&with(&changes), &settings());
    assert_eq!(of(json!({})).unwrap().role.as_str(), "owner");
    assert_eq!(of(json!({"groups": "staff"})).unwrap().role.as_str(), "viewer");
    assert_eq!(of(json!({"email_verified": false})).unwrap().email, None);
    for (groups, found) in [
        (json!(null), "is missing"),
        (json!(["others"]), "has no value"),
        (json!("admin"), "has no value"),
        (json!({"admins": true}), "is neither"),
    ] {
        let error = of(json!({"groups": groups})).unwrap_err().to_string();
        assert!(
            error.contains(found) && error.contains("`preferred_username`") && error.contains("[oidc] roles"),
            "{error}"
        );
        assert!(!error.contains("a@example.com") && !error.contains("others"), "{error}");
    }
    for bad in ["admins", "= owner", "admins = ", "admins = no role!"] {
        assert!(bad.parse::<RoleRule>().is_err(), "{bad}");
    }
    assert_eq!("cn=admins,dc=x = owner".parse::<RoleRule>().unwrap().value, "cn=admins,dc=x");
}

fn keys(all: &Value) -> Keys {
    Keys::parse(json!({"keys": all}).to_string().as_bytes()).unwrap()
}

fn verify(token: &str, keys: &Keys) -> Result<Map<String, Value>, OidcError> {
    Token::parse(token)?.claims(keys)
}

/// RFC 7515, appendix A.2.
#[test]
fn the_example_of_rs256_is_verified() {
    let key = json!({"kty": "RSA", "e": "AQAB", "n": concat!(
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMs",
        "D1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdV",
        "MTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ")});
    let token = concat!(
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.",
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZ",
        "cAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-e",
        "OkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
    );
    let known = keys(&json!([key]));
    assert_eq!(verify(token, &known).unwrap()["iss"], "joe");
    let forged = token.replace("eyJpc3MiOiJqb2UiLA0K", "eyJpc3MiOiJqb2ViLA0K");
    assert!(matches!(verify(&forged, &known), Err(OidcError::Token(_))));
}

/// A key of each kind that ring can make, and a way to sign with it.
fn sign(algorithm: &str, header: &Value, claims: &Value) -> (Value, String) {
    let random = SystemRandom::new();
    let encode = |value: &[u8]| URL_SAFE_NO_PAD.encode(value);
    let signed =
        format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
    let (key, signature) = if algorithm == "EdDSA" {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let key = json!({"kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref())});
        (key, pair.sign(signed.as_bytes()).as_ref().to_vec())
    } else {
        let with = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(with, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(with, pkcs8.as_ref(), &random).unwrap();
        let point = pair.public_key().as_ref();
        let key = json!({"kty": "EC", "crv": "P-256", "x": encode(&point[1..33]), "y": encode(&point[33..])});
        (key, pair.sign(&random, signed.as_bytes()).unwrap().as_ref().to_vec())
    };
    (key, format!("{signed}.{}", encode(&signature)))
}

#[test]
fn only_a_signature_by_a_known_key_counts() {
    for algorithm in ["EdDSA", "ES256"] {
        let (key, token) = sign(algorithm, &json!({"alg": algorithm, "kid": "one"}), &good());
        let named = |id: &str| {
            let mut key = key.clone();
            key["kid"] = id.into();
            keys(&json!([{"kty": "oct", "k": "x"}, key]))
        };
        assert_eq!(verify(&token, &named("one")).unwrap()["sub"], "7");
        assert!(!Token::parse(&token).unwrap().is_known_to(&named("two")), "a rotated key is fetched again");
        assert!(verify(&token, &named("two")).is_err());
        let (other, _) = sign(algorithm, &json!({"alg": algorithm}), &good());
        assert!(verify(&token, &keys(&json!([other]))).is_err());
        let encrypting = json!({"use": "enc"});
        let mut unfit = key.clone();
        unfit["use"] = encrypting["use"].clone();
        assert!(verify(&token, &keys(&json!([unfit]))).is_err());
        // The algorithm belongs to the key, not to whoever writes the header.
        let (key, confused) =
            sign(algorithm, &json!({"alg": if algorithm == "EdDSA" { "ES256" } else { "EdDSA" }}), &good());
        assert!(verify(&confused, &keys(&json!([key]))).is_err());
    }
    let (key, _) = sign("EdDSA", &json!({}), &good());
    let known = keys(&json!([key]));
    for alg in ["none", "HS256", "RS512", "rs256", ""] {
        let (_, token) = sign("EdDSA", &json!({"alg": alg}), &good());
        let error = verify(&token, &known).unwrap_err().to_string();
        assert!(error.contains("algorithm"), "{alg}: {error}");
    }
    let (_, critical) = sign("EdDSA", &json!({"alg": "EdDSA", "crit": ["exp"]}), &good());
    assert!(verify(&critical, &known).is_err());
    for broken in ["", "a.b", "a.b.c.d", "....", "e30.e30.", "not a token"] {
        assert!(verify(broken, &known).is_err(), "{broken}");
    }
}

#[test]
fn a_flow_is_read_back_and_its_challenge_is_that_of_the_standard() {
    let read = |state: &str, verifier: &str| Flow::read(&format!("{state}.{}.{verifier}.", "n".repeat(43)));
    // RFC 7636, appendix B.
    let flow = read(&"s".repeat(43), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
    assert_eq!(flow.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    assert_eq!(Flow::read(&flow.cookie()), Some(flow.clone()));
    assert!(flow.has_state(&"s".repeat(43)) && !flow.has_state("") && !flow.has_state(&"t".repeat(43)));
    assert!(!flow.is_trial() && Flow::read(&format!("{}trial", flow.cookie())).unwrap().is_trial());
    for bad in ["", "a.b.c.", &format!("{}x", flow.cookie()), &format!("{}.x", flow.cookie())] {
        assert!(Flow::read(bad).is_none(), "{bad}");
    }
}

#[test]
fn metadata_must_be_of_the_issuer() {
    let text = json!({"issuer": "https://id.example", "authorization_endpoint": "https://id.example/a",
        "token_endpoint": "https://id.example/t", "jwks_uri": "https://id.example/k",
        "token_endpoint_auth_methods_supported": ["client_secret_post"]});
    let read = Metadata::parse(text.to_string().as_bytes(), "https://id.example").unwrap();
    assert!(read.takes_secret_in_body());
    let other = Metadata::parse(text.to_string().as_bytes(), "https://id.example/").unwrap_err().to_string();
    assert!(other.contains("\"https://id.example\"") && other.contains("[oidc] issuer"), "{other}");
    assert!(Metadata::parse(b"{}", "https://id.example").is_err());
}
