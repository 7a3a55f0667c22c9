//! Mistakes in a file, and the messages about them.

use super::problems;

/// Files with one mistake, and the message about it.
const BAD_VALUES: &[(&str, &str)] = &[
    ("\n[bridge]\ntimeout = \"45s\"", "fb.toml:3: bridge.timeout: must be at most 30s, not \"45s\""),
    (
        "[bridge]\ntimeout = 5",
        "fb.toml:2: bridge.timeout: \"5\" is not a duration; write a whole number and ms, s, m, h or d, such as \"10s\"",
    ),
    ("[bridge]\ntimeout = \"0s\"", "fb.toml:2: bridge.timeout: must be at least 1ms, not \"0s\""),
    ("[bridge]\ntime_out = \"5s\"", "fb.toml:2: bridge.time_out: unknown key; did you mean \"timeout\"?"),
    ("[brigde]\ntimeout = \"5s\"", "fb.toml:1: brigde: unknown key; did you mean \"bridge\"?"),
    ("bridge = 5", "fb.toml:1: bridge: must be a table, not a whole number"),
    (
        "[server]\nlisten = \"[::]:1\"",
        "fb.toml:2: server.listen: unknown key in [server]; \"listen\" belongs at the top of the file, before the first [table]",
    ),
    (
        "listen = \"localhost:4400\"",
        "fb.toml:1: listen: \"localhost:4400\" is not an address; write an IP address and a port, such as \"127.0.0.1:4400\" or \"0.0.0.0:4400\"",
    ),
    (
        "public_url = \"ftp://x\"",
        "fb.toml:1: public_url: only http:// and https:// URLs are sent to; write one such as \"https://app.example/events\"",
    ),
    (
        "database = \"postgres://u:p@h/d\"",
        "fb.toml:1: database: PostgreSQL is not supported yet; write \"sqlite:PATH\"",
    ),
    ("admin_token = \"env:NOPE\"", "fb.toml:1: admin_token: the environment variable NOPE is not set"),
    (
        "master_key = \"hunter2\"",
        "fb.toml:1: master_key: must be 32 bytes as base64 or as 64 hexadecimal digits; `openssl rand -base64 32` makes one",
    ),
    ("[server]\nconnections = 0", "fb.toml:2: server.connections: must be a whole number from 1 to 10000000"),
    ("[server]\nconnections = \"10\"", "fb.toml:2: server.connections: must be a whole number, not a string"),
    ("[console]\nlisten = true", "fb.toml:2: console.listen: must be a string, not true or false"),
    (
        "[egress]\nallow = [\n  \"10.0.0.0/8\",\n  \"localhost\",\n]",
        "fb.toml:4: egress.allow: `localhost` is no network: expected CIDR, CIDR:PORT or CIDR:PORT-PORT, as in 127.0.0.1/32:3000-3999",
    ),
    ("[retry]\nschedule = \"5s\"", "fb.toml:2: retry.schedule: must be a list of strings, not a string"),
    (
        "[retry]\nschedule = [\"5s\", 5]",
        "fb.toml:2: retry.schedule: must be a list of strings, but holds a whole number",
    ),
    (
        "[bolt]\nhttp_200_errors = \"yes\"",
        "fb.toml:2: bolt.http_200_errors: must be true or false, not a string",
    ),
    (
        "[limits]\nevent_body = \"1MB\"",
        "fb.toml:2: limits.event_body: \"1MB\" is not a size; write bytes, KiB or MiB, such as \"256KiB\"",
    ),
    (
        "[limits]\npublish_rate = \"fast\"",
        "fb.toml:2: limits.publish_rate: \"fast\" is not a rate; write \"off\", \"100/s\" or \"100/s burst 500\", with numbers from 1",
    ),
    (
        "[runtime]\nuser = \"no body\"",
        "fb.toml:2: runtime.user: \"no body\" is not a user name; write a user of this machine, such as \"nobody\"",
    ),
    ("[runtime]\nstart_timeout = \"2h\"", "fb.toml:2: runtime.start_timeout: must be at most 1h, not \"2h\""),
    (
        "[runtime]\npass_env = [\"A=B\"]",
        "fb.toml:2: runtime.pass_env: \"A=B\" is not a name of an environment variable",
    ),
    (
        "[runtime]\npass_env = [\"TERM\", \"PORT\"]",
        "fb.toml:2: runtime.pass_env: the server sets PORT for each app; it cannot be passed on",
    ),
    (
        "[runtime]\npass_env = [\"FOOTBRIDGE_ADMIN_TOKEN\"]",
        "fb.toml:2: runtime.pass_env: FOOTBRIDGE_ADMIN_TOKEN is a setting of the server and may be a secret; it cannot be passed on",
    ),
    ("[journal]\nkeep = \"0d\"", "fb.toml:2: journal.keep: must be longer than zero; write \"off\" for none"),
    ("\nlisten = ", "fb.toml:2: listen: the value is missing; write listen = followed by a value"),
    (
        "listen = 127.0.0.1:4400 # here",
        "fb.toml:1: listen: a string needs quotes; write listen = \"127.0.0.1:4400\"",
    ),
    ("\n[journal]\nkeep = off", "fb.toml:3: keep: a string needs quotes; write keep = \"off\""),
    ("[bridge]\ntimeout = 5s", "fb.toml:2: timeout: a string needs quotes; write timeout = \"5s\""),
    ("admin_token = hunter2", "fb.toml:1: admin_token: a string needs quotes; write admin_token = \"…\""),
    (
        "public_url = http://u:hunter2@h",
        "fb.toml:1: public_url: a string needs quotes; write public_url = \"…\"",
    ),
    (
        "[egress]\nallow = [10.0.0.0/8]",
        "fb.toml:2: allow: each string in allow needs quotes, such as \"10.0.0.0/8\"",
    ),
    ("listen = \"127.0.0.1:1", "fb.toml:1: listen: the closing \" of the string is missing"),
    (
        "listen = “127.0.0.1:1”",
        "fb.toml:1: listen: typographic quotes are not quotes in TOML; write straight ones (\")",
    ),
    ("listen: \"127.0.0.1:1\"", "fb.toml:1: write listen = and the value: TOML has no `:` after a key"),
    ("[limits]\nbacklog = 10 events", "fb.toml:2: backlog: must be a whole number without a unit"),
    (
        "[runtime]\npass_env = TERM",
        "fb.toml:2: pass_env: must be a list of strings; write pass_env = [\"TERM\"]",
    ),
    (
        "[[app]]\nname = \"a\"\nhooks = { camera/* = \"x\" }",
        "fb.toml:3: hooks: the key camera/* needs quotes; write \"camera/*\"",
    ),
    (
        "[[app]]\nname = \"a\"\n[app.hooks]\ncamera/saved = \"x\"",
        "fb.toml:4: the key camera/saved needs quotes; write \"camera/saved\"",
    ),
    ("[bolt]\nhttp_200_errors = True", "fb.toml:2: http_200_errors: must be true or false, in lower case"),
    ("listen = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:2\"", "fb.toml:2: listen: duplicate key"),
];

/// Files with apps or links, and the message about a mistake.
const BAD_APPS: &[(&str, &str)] = &[
    ("[[app]]\ntoken = \"token-of-shop\"", "fb.toml:1: app[1].name: is missing"),
    (
        "[[app]]\nname = \"a b\"",
        "fb.toml:2: app[1].name: \"a b\" is not a valid app name: an app name is 1 to 64 ASCII letters, digits, `.`, `_` and `-`, beginning with a letter or digit",
    ),
    (
        "[[app]]\nname = \"Bolt\"",
        "fb.toml:2: app[1].name: \"Bolt\" is not a valid app name: the app name `Bolt` is reserved: `sub` is part of a path, and what looks like `bolt` could pass for the server",
    ),
    ("[app]\nname = \"shop\"", "fb.toml:1: app: must be written as [[app]], not as a table"),
    (
        "[[app]]\nname = \"shop\"\n[[app]]\nname = \"Shop\"",
        "fb.toml:4: app[Shop].name: the app Shop is already in this file; names are compared without regard to case",
    ),
    (
        "[[app]]\nname = \"shop\"\ntoken = \"token-of-shop\"\n[[app]]\nname = \"b\"\ntoken = \"token-of-shop\"",
        "fb.toml:6: app[b].token: is also the token of the app shop; each app needs a different token",
    ),
    (
        "[[app]]\nname = \"shop\"\ntoken = \"hunter 2\"",
        "fb.toml:3: app[shop].token: must consist of visible ASCII characters without spaces",
    ),
    ("[[app]]\nname = \"shop\"\nsecret_key = \"\"", "fb.toml:3: app[shop].secret_key: must not be empty"),
    (
        "[[app]]\nname = \"shop\"\nsigning_secret = \"whsec_QUJD\"",
        "fb.toml:3: app[shop].signing_secret: a signing secret is `whsec_` and the base64 of 24 to 64 bytes",
    ),
    (
        "[[app]]\nname = \"shop\"\ntoken_prefix = \"To ken\"",
        "fb.toml:3: app[shop].token_prefix: \"To ken\" is not an authentication scheme; write one word, such as \"Token\"",
    ),
    (
        "[[app]]\nname = \"shop\"\nrecevier_url = \"x\"",
        "fb.toml:3: app[shop].recevier_url: unknown key; did you mean \"receiver_url\"?",
    ),
    (
        "[[app]]\nname = \"shop\"\nurl = \"http://h:1/base?x=1\"",
        "fb.toml:3: app[shop].url: a ?query is not accepted in a URL that paths are appended to; write one such as \"https://app.example/events\"",
    ),
    (
        "[[app]]\nname = \"shop\"\ntoken = \"hunter 2\"",
        "fb.toml:3: app[shop].token: must consist of visible ASCII characters without spaces",
    ),
    (
        "[[app]]\nname = \"shop\"\nreceiver_url = \"/events\"",
        "fb.toml:3: app[shop].receiver_url: not an absolute URL; write one such as \"https://app.example/events\"",
    ),
    (
        "[[app]]\nname = \"shop\"\nreceiver_auth = { name = \"a:b\", secret = \"s\" }",
        "fb.toml:3: app[shop].receiver_auth.name: must not be empty or contain a colon or a control character",
    ),
    (
        "[[app]]\nname = \"shop\"\nreceiver_auth = { name = \"a\" }",
        "fb.toml:3: app[shop].receiver_auth.secret: is missing",
    ),
    (
        "[[app]]\nname = \"shop\"\nhooks = { x = \"h\" }",
        "fb.toml:3: app[shop].hooks.x: a server hook needs the app's url; set `url`",
    ),
    (
        "[[app]]\nname = \"shop\"\nurl = \"http://h:1\"\nhooks = { x = \"https://h/x\" }",
        "fb.toml:4: app[shop].hooks.x: the route of a server hook is a path; for a URL write { route = \"https://h/x\", type = \"web\" }",
    ),
    (
        "[[app]]\nname = \"shop\"\nurl = \"http://h:1\"\n[app.hooks]\nx = { route = \"../x\" }",
        "fb.toml:5: app[shop].hooks.x: a `server` route is a path of the app: no scheme, `..`, `\\`, `#` or control characters",
    ),
    (
        "[[app]]\nname = \"shop\"\nhooks = { x = { route = \"f\", type = \"function\" } }",
        "fb.toml:3: app[shop].hooks.x.type: only apps installed from a directory have \"function\" hooks; write \"server\", \"web\" or \"router\"",
    ),
    (
        "[[app]]\nname = \"shop\"\nhooks = { x = { route = \"http://h/x\", type = \"router\" } }",
        "fb.toml:3: app[shop].hooks.x: the route of a router hook is a path; for a URL write { route = \"http://h/x\", type = \"web\" }",
    ),
    (
        "[[app]]\nname = \"shop\"\nhooks = { x = { route = \"photo\", type = \"web\" } }",
        "fb.toml:3: app[shop].hooks.x: a `web` route is an absolute http or https URL without user name, or `host[:port][/path]`",
    ),
    (
        "[[app]]\nname = \"shop\"\nhooks = { x = { type = \"web\" } }",
        "fb.toml:3: app[shop].hooks.x.route: is missing",
    ),
    (
        "[[app]]\nname = \"shop\"\nhooks = { x = { route = \"h.example\", type = \"web\", in_flight = 65 } }",
        "fb.toml:3: app[shop].hooks.x.in_flight: must be a whole number from 1 to 64",
    ),
    (
        "[[app]]\nname = \"shop\"\nhooks = { x = { route = \"h.example\", tpye = \"web\" } }",
        "fb.toml:3: app[shop].hooks.x.tpye: unknown key; did you mean \"type\"?",
    ),
    (
        "[[app]]\nname = \"shop\"\nprivate = [\"a/b\"]",
        "fb.toml:3: app[shop].private: \"a/b\" is not a valid event name: an event name is 1 to 128 characters without `/`, `\\`, `*` or control characters",
    ),
    ("[[link]]\nhost = \"a\"", "fb.toml:1: link[1].miniapp: is missing"),
];

#[test]
fn bad_values_name_file_line_and_key() {
    for (text, expected) in BAD_VALUES {
        assert_eq!(problems(text, &[]), [*expected], "{text}");
    }
}

#[test]
fn bad_apps_and_links_name_the_app() {
    for (text, expected) in BAD_APPS {
        let found = problems(text, &[]);
        assert!(
            found.contains(&(*expected).to_owned()),
            "{text}\n  expected {expected}\n  found    {found:#?}"
        );
    }
}
