//! What wrong passwords cost the server, and what they tell.

use harness::{Call, Console, Gateway};
use serde_json::json;

use super::{PASSWORD, add_user, setup};

/// One try from this address.
fn attempt(console: &Console, user: &str, address: &str) -> Call {
    let call = console.call("POST", "session").json(&json!({"user": user, "password": "wrong password"}));
    call.header("X-Forwarded-For", address)
}

/// A line of `/proc/<pid>/status`, in KiB.
fn memory(gateway: &Gateway, line: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.pid())).unwrap();
    let found = status.lines().find_map(|text| text.strip_prefix(line)).unwrap();
    found.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The time that all threads of the server have run, in nanoseconds. On a busy machine it says more than a clock.
fn processor_time(gateway: &Gateway) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", gateway.pid())).unwrap();
    let times = tasks.flatten().filter_map(|task| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    times.sum()
}

/// A server that takes the addresses of its clients from a header, with users of several kinds.
fn start() -> (Gateway, Console) {
    let gateway = setup().set("server", "trusted_proxies", r#"["127.0.0.1"]"#).start();
    let admin = Console::by_link(&gateway);
    add_user(&admin, "ana", "viewer");
    let disabled = add_user(&admin, "ben", "viewer");
    admin.send("PATCH", &format!("users/{disabled}"), &json!({"enabled": false})).expect(200);
    let no_password = json!({"name": "cleo", "role": "viewer"});
    admin.send("POST", "users", &no_password).expect(201);
    let console = Console::of(&gateway);
    (gateway, console)
}

#[test]
fn a_wrong_password_takes_as_long_for_a_name_that_nobody_has() {
    let (gateway, console) = start();
    let names = ["ana", "ben", "cleo", "nobody", "not a name"];
    let mut least = [u64::MAX; 5];
    // In turns, so that a busy moment of the machine meets all alike; the least is what the work itself takes.
    for round in 0..16 {
        for turn in 0..names.len() {
            let place = (round + turn) % names.len();
            let call = attempt(&console, names[place], &format!("10.0.{round}.1"));
            let before = processor_time(&gateway);
            call.send().expect(401);
            least[place] = (processor_time(&gateway) - before).min(least[place]);
        }
    }
    println!("least processor time, in ns: {least:?}");
    for (name, time) in names.iter().zip(least) {
        // In thousandths of the time of a user.
        let ratio = time * 1000 / least[0];
        assert!((900..=1100).contains(&ratio), "{name} takes {ratio} ‰ of the time of a user: {least:?}");
    }
}

#[test]
fn many_tries_at_once_cost_little_memory() {
    let (gateway, console) = start();
    attempt(&console, "ana", "10.1.0.1").send().expect(401);
    let before = memory(&gateway, "VmRSS:");
    let tries: Vec<_> = (0..50).map(|n| attempt(&console, "ana", &format!("10.2.0.{n}")).spawn()).collect();
    let answers: Vec<u16> = tries.into_iter().map(|one| one.join().unwrap().unwrap().status).collect();
    let peak = memory(&gateway, "VmHWM:");
    assert!(answers.iter().all(|status| [401, 503].contains(status)), "{answers:?}");
    assert!(answers.contains(&401), "{answers:?}");
    let grown = peak.saturating_sub(before) / 1024;
    assert!(grown < 80, "50 tries at once take {grown} MiB");
    println!("50 tries at once take {grown} MiB");
    Console::by_password(&gateway, "ana", PASSWORD);
}
