use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use proptest::prelude::*;

use super::{AddressClasses, allowing};
use crate::class::{
    METADATA_V4, METADATA_V6, RefusalReason, V4_REFUSED, V6_NAMED, V6_PUBLIC, V6_REFUSED, classify,
};
use crate::{Policy, Refusal};

fn refused(policy: &Policy, addr: &str, granted: bool) -> Option<&'static str> {
    policy
        .check(addr.parse().unwrap(), granted.then_some(AddressClasses::ALL))
        .err()
        .map(|refusal: Refusal| refusal.reason())
}

/// A second opinion on IPv4, written as comparisons of octets instead of masks.
fn public_v4(ip: Ipv4Addr) -> bool {
    !matches!(
        ip.octets(),
        [0 | 10 | 127 | 224..=255, ..]
            | [100, 64..128, ..]
            | [169, 254, ..]
            | [172, 16..32, ..]
            | [192, 168, ..]
            | [192, 0, 0 | 2, _]
            | [192, 31, 196, _]
            | [192, 52, 193, _]
            | [192, 88, 99, _]
            | [192, 175, 48, _]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
            | [168, 63, 129, 16]
    )
}

/// The same for IPv6, on the written form.
fn public_v6(ip: Ipv6Addr) -> bool {
    if let Some(v4) = ip.to_ipv4_mapped() {
        return public_v4(v4);
    }
    !matches!(
        ip.segments(),
        [0..=0x1fff | 0x2002 | 0x4000.., ..]
            | [0x2001, 0..=0x1ff | 0xdb8, ..]
            | [0x2620, 0x4f, 0x8000, ..]
            | [0x3fff, 0..=0xfff, ..]
            | [_, _, _, _, 0 | 0x200, 0x5efe, ..]
    )
}

#[test]
fn every_ipv4_range_ends_where_it_should() {
    for (net, len, reason) in V4_REFUSED {
        let first = net.to_bits();
        let last = first | u32::MAX.checked_shr(*len).unwrap_or(0);
        for bits in [first.wrapping_sub(1), first, last, last.wrapping_add(1)] {
            let ip = Ipv4Addr::from_bits(bits);
            assert_eq!(classify(ip.into()).is_none(), public_v4(ip), "{ip}");
            let mapped = IpAddr::V6(ip.to_ipv6_mapped());
            assert_eq!(classify(mapped), classify(ip.into()), "{mapped}");
        }
        assert!(classify(IpAddr::V4(*net)).is_some(), "{net} {reason}");
    }
    // None of these neighbours is itself in another refused range.
    for open in [
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.0.3.0",
        "192.88.98.255",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "168.63.129.15",
    ] {
        assert_eq!(classify(open.parse().unwrap()), None, "{open}");
    }
}

#[test]
fn every_ipv6_range_ends_where_it_should() {
    let public = (V6_PUBLIC.0, V6_PUBLIC.1, RefusalReason::Reserved);
    for (net, len, _) in V6_NAMED.iter().chain(V6_REFUSED).chain([&public]) {
        let first = net.to_bits();
        let last = first | u128::MAX.checked_shr(*len).unwrap_or(0);
        for bits in [first.wrapping_sub(1), first, last, last.wrapping_add(1)] {
            let ip = Ipv6Addr::from_bits(bits);
            assert_eq!(classify(ip.into()).is_none(), public_v6(ip), "{ip}");
        }
    }
    for open in [
        "2001:200::",
        "2001:4860:4860::8888",
        "2001:db7:ffff::1",
        "2001:db9::",
        "2003::1",
        "2600::1",
        "3fff:1000::",
        "2620:4f:7fff::1",
        "2620:4f:8001::",
        "2606:4700::5efe:1:2:3",
    ] {
        assert_eq!(classify(open.parse().unwrap()), None, "{open}");
    }
}

#[test]
fn each_class_has_its_word() {
    let policy = Policy::default();
    for (addr, reason) in [
        ("127.0.0.1:80", "loopback"),
        ("127.255.255.255:80", "loopback"),
        ("0.0.0.0:80", "loopback"),
        ("[::]:80", "loopback"),
        ("[::1]:80", "loopback"),
        ("[::ffff:127.0.0.1]:80", "loopback"),
        ("0.1.2.3:80", "reserved"),
        ("10.0.0.1:80", "private"),
        ("172.16.0.1:80", "private"),
        ("192.168.1.1:80", "private"),
        ("100.64.0.1:80", "private"),
        ("[fc00::1]:80", "private"),
        ("[fec0::1]:80", "private"),
        ("169.254.1.1:80", "link-local"),
        ("[fe80::1]:80", "link-local"),
        ("224.0.0.1:80", "multicast"),
        ("[ff02::1]:80", "multicast"),
        ("255.255.255.255:80", "reserved"),
        ("[::127.0.0.1]:80", "reserved"),
        ("[::ffff:0:127.0.0.1]:80", "reserved"),
        ("[64:ff9b::7f00:1]:80", "reserved"),
        ("[64:ff9b:1::1]:80", "reserved"),
        ("[100::1]:80", "reserved"),
        ("[100:0:0:1::1]:80", "reserved"),
        ("[5f00::1]:80", "reserved"),
        ("[2002:7f00:1::]:80", "reserved"),
        ("[2001:0:1::1]:80", "reserved"),
        ("[2600::5efe:7f00:1]:80", "reserved"),
        ("[2600::200:5efe:7f00:1]:80", "reserved"),
        ("8.8.8.8:0", "port 0"),
        ("169.254.169.254:80", "metadata"),
        ("[::ffff:169.254.169.254]:80", "metadata"),
        ("[64:ff9b::169.254.169.254]:80", "metadata"),
        ("[2002:a9fe:a9fe::]:80", "metadata"),
        ("[2001:0:1:2:3:4:5601:5601]:80", "metadata"),
        ("[::169.254.169.254]:80", "metadata"),
        ("[2600::5efe:169.254.169.254]:80", "metadata"),
        ("[::ffff:0:169.254.169.254]:80", "metadata"),
    ] {
        assert_eq!(refused(&policy, addr, false), Some(reason), "{addr}");
    }
    for addr in ["11.1.2.2:80", "8.8.8.8:443", "[2600::1]:443", "[::ffff:8.8.8.8]:443"] {
        assert_eq!(refused(&policy, addr, false), None, "{addr}");
    }
}

#[test]
fn metadata_is_refused_whatever_is_allowed_or_granted() {
    let policy = allowing(&["0.0.0.0/0", "::/0"]);
    for ip in METADATA_V4.iter().map(|ip| IpAddr::V4(*ip)).chain(METADATA_V6.iter().map(|ip| IpAddr::V6(*ip)))
    {
        let refusal = policy.check(SocketAddr::new(ip, 80), Some(AddressClasses::ALL)).unwrap_err();
        assert_eq!(refusal.class(), RefusalReason::Metadata);
        assert_eq!(refusal.to_string(), format!("destination refused: metadata address {ip}"));
        if let IpAddr::V4(v4) = ip {
            assert!(
                policy
                    .check(SocketAddr::new(v4.to_ipv6_mapped().into(), 80), Some(AddressClasses::ALL))
                    .is_err()
            );
        }
    }
    assert_eq!(refused(&policy, "10.0.0.1:80", false), None);
}

#[test]
fn own_listeners_are_refused_whatever_is_allowed_or_granted() {
    let own = ["127.0.0.1:4400", "10.1.1.1:4401", "0.0.0.0:4500", "[::1]:4600", "[::]:4700"];
    let policy = Policy::new(
        vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()],
        own.iter().map(|addr| addr.parse().unwrap()).collect(),
    );
    for addr in [
        "127.0.0.1:4400",
        "0.0.0.0:4400",
        "[::ffff:127.0.0.1]:4400",
        "[::ffff:0.0.0.0]:4400",
        "10.1.1.1:4401",
        "127.0.0.1:4500",
        "127.9.9.9:4500",
        "0.0.0.0:4500",
        "[::1]:4500",
        "[::]:4500",
        "[::1]:4600",
        "[::]:4600",
        "127.0.0.1:4700",
        "[::1]:4700",
    ] {
        assert_eq!(refused(&policy, addr, true), Some("own listener"), "{addr}");
    }
    for addr in ["127.0.0.2:4400", "127.0.0.1:4401", "127.0.0.1:4402", "10.1.1.2:4401", "10.1.1.1:4500"] {
        assert_eq!(refused(&policy, addr, true), None, "{addr}");
    }
    // An address of this machine that no list knows shows once both ends of the connection are known.
    let own = |local: &str, peer: &str| policy.is_own_listener(local.parse().unwrap(), peer.parse().unwrap());
    assert!(own("10.7.7.7:50000", "10.7.7.7:4500"));
    assert!(own("[2600::1]:50000", "[2600::1]:4700"));
    assert!(!own("10.7.7.7:50000", "10.7.7.7:4400"));
    assert!(!own("10.7.7.7:50000", "10.7.7.8:4500"));
}

#[test]
fn a_grant_opens_private_addresses_and_says_how_else() {
    let policy = Policy::default();
    assert_eq!(refused(&policy, "127.0.0.1:9003", true), None);
    let refusal = policy.check("127.0.0.1:9003".parse().unwrap(), None).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "destination refused: loopback address 127.0.0.1 (allow it with [egress] allow)"
    );
}

#[test]
fn a_grant_for_a_name_opens_no_other_class_than_the_name_had() {
    let policy = Policy::default();
    let open = |addr: &str, words: &[&str]| {
        policy.check(addr.parse().unwrap(), Some(AddressClasses::of_words(words.iter().copied()))).is_ok()
    };
    for (addr, class) in [
        ("127.0.0.1:80", "this_machine"),
        ("[::1]:80", "this_machine"),
        ("10.0.0.1:80", "private"),
        ("[fd00::1]:80", "private"),
        ("169.254.1.1:80", "link_local"),
        ("192.0.2.1:80", "reserved"),
    ] {
        assert!(open(addr, &[class]), "{addr}");
        let others: Vec<_> = AddressClasses::ALL.words().filter(|word| *word != class).collect();
        assert!(!open(addr, &others) && !open(addr, &[]), "{addr}");
    }
    assert!(open("8.8.8.8:80", &[]), "what is open to all needs no grant");
}

#[test]
fn a_public_address_of_this_machine_is_this_machine() {
    let here: IpAddr = "93.184.216.34".parse().unwrap();
    let is_local = |ip: IpAddr| ip == here;
    let own = "0.0.0.0:4400".parse().unwrap();
    let judge = |rules: &[&str], addr: &str, granted: Option<&str>| {
        let policy = Policy::new(rules.iter().map(|rule| rule.parse().unwrap()).collect(), vec![own]);
        let granted = granted.map(|word| AddressClasses::of_words([word]));
        policy.check_with(addr.parse().unwrap(), granted, &is_local).err().map(|refusal| refusal.reason())
    };
    assert_eq!(judge(&[], "93.184.216.34:80", None), Some("this machine's own"));
    assert_eq!(judge(&[], "93.184.216.34:80", Some("public")), Some("this machine's own"));
    assert_eq!(judge(&[], "93.184.216.34:80", Some("this_machine")), None);
    assert_eq!(judge(&["93.184.216.34/32"], "93.184.216.34:80", None), None);
    assert_eq!(judge(&["93.184.216.34/32"], "93.184.216.34:4400", None), Some("own listener"));
    assert_eq!(judge(&[], "93.184.216.35:80", None), None);
}

proptest! {
    #[test]
    fn ipv4_agrees_with_the_second_opinion(bits: u32) {
        let ip = Ipv4Addr::from_bits(bits);
        prop_assert_eq!(classify(ip.into()).is_none(), public_v4(ip));
        prop_assert_eq!(classify(ip.to_ipv6_mapped().into()).is_none(), public_v4(ip));
    }

    #[test]
    fn ipv6_agrees_with_the_second_opinion(bits: u128, head in prop::sample::select(vec![
        0u16, 0x64, 0x100, 0x2000, 0x2001, 0x2002, 0x2620, 0x3ffe, 0x3fff, 0x4000, 0xfc00, 0xfe80, 0xff02,
    ]), keep in 0u32..112) {
        // Few bits behind a telling first segment: that is where the table has its edges.
        let bits = (u128::from(head) << 112) | (bits & (u128::MAX >> 16) & (u128::MAX << keep));
        let ip = Ipv6Addr::from_bits(bits);
        prop_assert_eq!(classify(ip.into()).is_none(), public_v6(ip), "{}", ip);
    }
}
