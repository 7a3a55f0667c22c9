//! From a URL to the egress decision: the checked address is the dialled one, and no internal address passes
//! without a grant.
#![no_main]

use footbridge_courier::{Policy, Target};
use libfuzzer_sys::fuzz_target;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

fuzz_target!(|text: &str| {
    let Ok(target) = Target::parse(text) else { return };
    let again = Target::parse(target.url()).expect("the normal form is a URL too");
    assert_eq!((again.host(), again.port(), again.url()), (target.host(), target.port(), target.url()));
    assert!(!target.host().is_empty() && target.port() != 0);
    let policy = Policy::new(Vec::new(), Vec::new());
    let verdict = policy.check_target(&target, None);
    let named_here = target.host() == "localhost" || target.host().ends_with(".localhost");
    assert!(!(named_here && verdict.is_ok()), "{text}");
    let Ok(ip) = target.host().parse::<IpAddr>() else {
        assert_eq!(target.literal(), None, "an address is not shown as one: {text}");
        return;
    };
    assert_eq!(target.literal(), Some(ip));
    let judged = policy.check(SocketAddr::new(ip, target.port()), None);
    assert_eq!(judged.is_ok(), verdict.is_ok(), "{text}");
    if is_inward(ip) {
        assert!(judged.is_err(), "{text}");
    }
});

fn is_inward(ip: IpAddr) -> bool {
    let v4 = |ip: Ipv4Addr| {
        ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast()
    };
    match ip {
        IpAddr::V4(ip) => v4(ip),
        IpAddr::V6(ip) => {
            ip.to_ipv4_mapped().is_some_and(v4)
                || ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_multicast()
                || ip.is_unique_local()
                || ip.is_unicast_link_local()
        }
    }
}
