//! Configurations and the values or messages that result.

mod problems;

use std::{fs, net::SocketAddr, path::PathBuf, time::Duration};

use footbridge_model::{hook::HookType, secret::Secret};

use super::{
    Config, ConfigError, DEFAULT_FILE, LoadArgs, env::Env, keys, load, print, runtime::RuntimeConfig,
};

const SIGNING: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn args(env: &[(&str, &str)]) -> LoadArgs {
    let env: Env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    LoadArgs { env, cores: 4, ..LoadArgs::default() }
}

struct Written {
    _dir: tempfile::TempDir,
    file: PathBuf,
}

fn write(text: &str) -> Written {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("fb.toml");
    fs::write(&file, text).unwrap();
    Written { _dir: dir, file }
}

fn load_with(text: &str, env: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let written = write(text);
    load(&LoadArgs { file: Some(written.file), ..args(env) })
}

/// The lines of the error, each without the directory of the file.
fn problems(text: &str, env: &[(&str, &str)]) -> Vec<String> {
    let written = write(text);
    let dir = format!("{}/", written.file.parent().unwrap().display());
    let error = load(&LoadArgs { file: Some(written.file.clone()), ..args(env) }).unwrap_err().to_string();
    error.lines().map(|line| line.replace(&dir, "")).collect()
}

#[test]
fn the_default_file_has_every_key_with_its_default() {
    let defaults = load(&args(&[])).unwrap();
    let written = load_with(DEFAULT_FILE, &[]).unwrap();
    assert!(written.file.is_some());
    assert_eq!(Config { file: None, sources: defaults.sources.clone(), ..written }, defaults);
    assert_eq!(defaults.listen, SocketAddr::from(([127, 0, 0, 1], 4400)));
    assert_eq!(defaults.database, PathBuf::from("footbridge.db"));
    assert_eq!(defaults.server.shards, 4);
    assert_eq!(defaults.public_url_at(defaults.listen), "http://127.0.0.1:4400");
    assert!(defaults.warnings.is_empty());
    let tables = keys::TABLES.iter().flat_map(|(_, keys)| keys.iter());
    for key in keys::TOP.iter().chain(tables).chain(keys::APP).chain(keys::LINK) {
        let written = |line: &str| line.trim_start_matches(['#', ' ']).starts_with(&format!("{key} = "));
        assert!(DEFAULT_FILE.lines().any(written), "{key} is not in the default file");
    }
}

#[test]
fn the_examples_of_the_default_file_are_valid() {
    let examples: String = DEFAULT_FILE
        .lines()
        .skip_while(|line| *line != "# [[app]]")
        .map(|line| line.strip_prefix("# ").unwrap_or(line))
        .fold(String::new(), |text, line| text + line + "\n");
    let env = [
        ("SUPERAPP_TOKEN", "token-of-superapp"),
        ("SUPERAPP_SECRET_KEY", "key-of-superapp"),
        ("SUPERAPP_SIGNING_SECRET", SIGNING),
        ("GATEWAY_SECRET", "g"),
    ];
    let config =
        load_with(&examples.replace("A link: ", "# ").replace("ca_file = ", "# ca_file = "), &env).unwrap();
    assert_eq!(config.apps[0].hooks.len(), 2);
    assert_eq!(config.apps[0].hooks[0].kind, HookType::Web);
    assert_eq!(config.apps[0].hooks[1].pattern.to_string(), "camera/photo-saved");
    assert_eq!(config.links[0].miniapp.as_str(), "shop");
    assert_eq!(config.warnings.len(), 1, "{:?}", config.warnings);
}

#[test]
fn every_problem_is_named_in_the_order_of_the_file() {
    let found = problems("listen = 1\n[retry]\nschedul = []\n[bridge]\ntimeout = \"x\"", &[]);
    let places: Vec<&str> = found.iter().filter_map(|line| line.split(": ").nth(1)).collect();
    assert_eq!(places, ["listen", "retry.schedul", "bridge.timeout"]);
}

#[test]
fn the_environment_overrides_the_file_and_the_command_line_both() {
    let file = "listen = \"127.0.0.1:1\"\n[bridge]\ntimeout = \"3s\"";
    let env = [
        ("FOOTBRIDGE_LISTEN", "127.0.0.1:2"),
        ("FOOTBRIDGE_BRIDGE__TIMEOUT", "5s"),
        ("FOOTBRIDGE_SERVER__CONNECTIONS", "7"),
        ("FOOTBRIDGE_BOLT__HTTP_200_ERRORS", "true"),
        ("FOOTBRIDGE_EGRESS__ALLOW", "10.0.0.0/8, 127.0.0.1:80"),
        ("FOOTBRIDGE_ADMIN_TOKEN", "env:OTHER"),
        ("OTHER", "adm"),
        ("FOOTBRIDGE_SERVER", "http://elsewhere"),
        ("FOOTBRIDGE_DATABASE", ""),
        ("FOOTBRIDGE_BRIGE__TIMEOUT", "1s"),
    ];
    let written = write(file);
    let from_env = load(&LoadArgs { file: Some(written.file.clone()), ..args(&env) }).unwrap();
    assert_eq!(from_env.listen.port(), 2);
    assert_eq!(from_env.bridge.timeout, Duration::from_secs(5));
    assert_eq!(from_env.server.connections, 7);
    assert!(from_env.bolt.http_200_errors);
    assert_eq!(from_env.egress.allow.len(), 2);
    assert_eq!(from_env.admin_token, Some(Secret::new("adm")));
    assert_eq!(from_env.database, PathBuf::from("footbridge.db"));
    assert_eq!(
        from_env.warnings,
        [
            "environment variable FOOTBRIDGE_BRIGE__TIMEOUT: is not a configuration key and is ignored; did you mean FOOTBRIDGE_BRIDGE__TIMEOUT?"
        ]
    );
    let flags = LoadArgs {
        file: Some(written.file),
        listen: Some("127.0.0.1:3".to_owned()),
        database: Some("sqlite:x.db".to_owned()),
        ..args(&env)
    };
    let from_flags = load(&flags).unwrap();
    assert_eq!((from_flags.listen.port(), from_flags.database), (3, PathBuf::from("x.db")));
    let bad =
        load(&LoadArgs { listen: Some("x".to_owned()), ..args(&[("FOOTBRIDGE_BRIDGE__TIMEOUT", "1h")]) });
    let bad = bad.unwrap_err().to_string();
    assert!(
        bad.contains("environment variable FOOTBRIDGE_BRIDGE__TIMEOUT: bridge.timeout: must be at most 30s"),
        "{bad}"
    );
    assert!(bad.contains("--listen: listen: \"x\" is not an address"), "{bad}");
}

#[test]
fn secrets_come_from_variables_and_files_and_are_never_printed() {
    let text = format!(
        "admin_token = \"file:adm\"\nmaster_key = \"env:KEY\"\n[[app]]\nname = \"Shop\"\ntoken = \"tok-hunter2\"\nsecret_key = \"file:key\"\n\
         signing_secret = \"{SIGNING}\"\nreceiver_auth = {{ name = \"n\", secret = \"aut-hunter2\" }}\n"
    );
    let written = write(&text);
    let dir = written.file.parent().unwrap();
    fs::write(dir.join("adm"), "adm-hunter2\n").unwrap();
    fs::write(dir.join("key"), "key-hunter2\r\n").unwrap();
    let key = "11".repeat(32);
    let config = load(&LoadArgs { file: Some(written.file.clone()), ..args(&[("KEY", &key)]) }).unwrap();
    assert_eq!(config.admin_token, Some(Secret::new("adm-hunter2")));
    assert_eq!(config.apps[0].app.secret_key, Some(Secret::new("key-hunter2")));
    assert_eq!(config.master_key.as_ref().unwrap().expose(), &[0x11; 32]);
    let shown = format!("{config:?}{}", print::print(&config));
    assert!(
        !shown.contains("hunter2") && !shown.contains(&SIGNING[6..]) && !shown.contains("1111"),
        "{shown}"
    );
    assert_eq!(print::print(&config).matches("\"…\"").count(), 6);
}

#[test]
fn bad_secrets_are_not_repeated() {
    let found = problems(
        "admin_token = \"hunter2 hunter2\"\n[[app]]\nname = \"a\"\ntoken = \"file:none\"\nsigning_secret = \"hunter2\"",
        &[],
    );
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|line| !line.contains("hunter2")), "{found:#?}");
    assert!(found[1].starts_with("fb.toml:4: app[a].token: cannot read the file none: "), "{found:#?}");
}

#[test]
fn a_hook_that_egress_refuses_is_a_warning() {
    let hook = |extra: &str| {
        format!(
            "{extra}\n[[app]]\nname = \"a\"\nurl = \"http://127.0.0.1:9\"\nhooks = {{ x = {{ route = \"127.0.0.1:8/x\", type = \"web\" }}, y = {{ route = \"127.0.0.1:9/x\", type = \"web\" }} }}"
        )
    };
    let warnings = load_with(&hook(""), &[]).unwrap().warnings;
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].ends_with("fb.toml:5: app[a].hooks.x: destination refused: loopback address 127.0.0.1 (allow it with [egress] allow)"), "{warnings:?}");
    assert!(load_with(&hook("[egress]\nallow = [\"127.0.0.1:8\"]"), &[]).unwrap().warnings.is_empty());
}

#[test]
fn a_console_on_the_network_needs_https() {
    let read = |keys: &str| load_with(&format!("[console]\n{keys}"), &[]).map(|config| config.console);
    for refused in [
        "listen = \"0.0.0.0:4401\"",
        "listen = \"[::]:4401\"",
        "listen = \"192.0.2.1:4401\"\nurl = \"http://127.0.0.1:4401\"",
        "url = \"http://ops.example\"",
    ] {
        let error = read(refused).unwrap_err().to_string();
        assert!(error.contains("unencrypted") && error.contains("insecure = true"), "{error}");
        assert!(read(&format!("{refused}\ninsecure = true")).is_ok());
    }
    let behind = read("listen = \"0.0.0.0:4401\"\nurl = \"https://ops.example\"\nbase = \"/fb\"").unwrap();
    assert_eq!(behind.url_at("0.0.0.0:4401".parse().unwrap()), "https://ops.example/fb");
    let usual = read("").unwrap();
    assert_eq!(usual.url_at(usual.listen.unwrap()), "http://127.0.0.1:4401");
    assert!(usual.has_default_address());
    assert!(!read("listen = \"127.0.0.1:4402\"").unwrap().has_default_address());
}

#[test]
fn the_runtime_table_is_read_completely() {
    let text = "[runtime]\ndir = \"/srv/apps\"\nuser = \"apps-of-nobody-here\"\nstart_timeout = \"1m\"\nidle_timeout = \"5m\"\n\
                function_timeout = \"250ms\"\npass_env = [\"TERM\"]";
    let config = load_with(text, &[]).unwrap();
    let expected = RuntimeConfig {
        dir: PathBuf::from("/srv/apps"),
        user: Some("apps-of-nobody-here".to_owned()),
        start_timeout: Duration::from_mins(1),
        idle_timeout: Some(Duration::from_mins(5)),
        function_timeout: Duration::from_millis(250),
        pass_env: vec!["TERM".to_owned()],
    };
    assert_eq!((&config.runtime, config.warnings.len()), (&expected, 0));
    assert_eq!(load_with(&print::print(&config), &[]).unwrap().runtime, expected);
    let env = [("FOOTBRIDGE_RUNTIME__PASS_ENV", "LD_LIBRARY_PATH, NODE_OPTIONS")];
    assert_eq!(load_with("", &env).unwrap().runtime.pass_env, ["LD_LIBRARY_PATH", "NODE_OPTIONS"]);
}

#[test]
fn the_printed_configuration_reads_back_as_the_same() {
    let text = "listen = \"0.0.0.0:81\"\n[journal]\nkeep = \"off\"\n[limits]\npublish_rate = \"5/s burst 9\"\n[[app]]\nname = \"a\"\nurl = \"http://h:1\"\n\
                hooks = { x = \"p\", \"b\\\\y\" = { route = \"h.example/é\\\"\", type = \"web\", ordered = true } }\nprivate = [\"Z\"]\n\
                [[app]]\nname = \"b\"\n[[link]]\nhost = \"a\"\nminiapp = \"b\"\nenabled = false\n";
    let config = load_with(text, &[]).unwrap();
    let printed = load_with(&print::print(&config), &[]).unwrap();
    let (file, sources) = (config.file.clone(), config.sources.clone());
    assert_eq!(Config { public_url: None, file, sources, ..printed }, config);
    assert_eq!(config.public_url_at(config.listen), "http://127.0.0.1:81");
}

#[test]
fn an_address_that_looks_like_a_network_is_a_warning() {
    let file = "[server]\ntrusted_proxies = [\"10.1.0.0\", \"10.1.2.3\"]\n[egress]\n\
                allow = [\n \"10.0.0.0\",\n \"192.168.4.0:8080\", \"[fd00::]:80\", \"10.0.0.0/8\", \"127.0.0.1\", \"::1/128\"]";
    let config = load_with(file, &[]).unwrap();
    let warnings: Vec<&str> =
        config.warnings.iter().filter_map(|line| line.split("fb.toml:").nth(1)).collect();
    let how = "a network is written with its prefix length, such as";
    let expected = [
        format!("2: server.trusted_proxies: \"10.1.0.0\" is the one address 10.1.0.0; {how} \"10.1.0.0/16\""),
        format!("5: egress.allow: \"10.0.0.0\" is the one address 10.0.0.0; {how} \"10.0.0.0/8\""),
        format!(
            "6: egress.allow: \"192.168.4.0:8080\" is the one address 192.168.4.0; {how} \"192.168.4.0/24:8080\""
        ),
        format!("6: egress.allow: \"[fd00::]:80\" is the one address fd00::; {how} \"fd00::/64:80\""),
    ];
    assert_eq!(warnings, expected);
    for line in [
        "[egress]\nallow = [\"10.0.0.0/8\"]",
        "[egress]\nallow = [\"192.168.4.0/24:8080\", \"fd00::/64:80\"]",
    ] {
        assert!(
            load_with(line, &[]).unwrap().warnings.is_empty(),
            "what the warning suggests is valid: {line}"
        );
    }
}

#[test]
fn a_missing_file_is_named() {
    let missing = LoadArgs { file: Some(PathBuf::from("/nowhere/fb.toml")), ..args(&[]) };
    let error = load(&missing).unwrap_err().to_string();
    assert!(
        error.starts_with("cannot read the configuration file /nowhere/fb.toml: No such file"),
        "{error}"
    );
}
