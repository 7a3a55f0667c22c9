//! What an address is: the table of networks that a request typed by somebody else must not reach.
//!
//! IPv4 is a deny list after the IANA special-purpose registry plus the well-known metadata services; IPv6 is the
//! other way round, only `2000::/3` is public and a few networks in it are taken out again. IPv4 addresses carried
//! inside IPv6 (mapped, translated, 6to4, …) never count as public, whatever they carry.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use footbridge_model::address::AddressClass;

/// Why a destination is not one that anybody may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// A cloud's metadata service: hands out credentials to whoever asks. Never allowed.
    Metadata,
    /// One of our own listening sockets. Never allowed.
    OwnListener,
    /// Port 0 cannot be dialled. Never allowed.
    Port,
    /// This machine; `0.0.0.0` and `::` too, since Linux connects them to loopback.
    Loopback,
    /// A public address of this machine: who may reach it from outside is for a firewall to say, which does not see
    /// what comes from here.
    OwnAddress,
    /// Private use, unique-local, site-local or carrier-grade NAT.
    Private,
    /// Valid on one link only.
    LinkLocal,
    /// A group, not a host.
    Multicast,
    /// Everything else that is not a public unicast address: documentation, benchmarks, tunnels, translators, future use.
    Reserved,
}

impl Reason {
    /// The short word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::OwnListener => "own listener",
            Self::Port => "port 0",
            Self::Loopback => "loopback",
            Self::OwnAddress => "this machine's own",
            Self::Private => "private",
            Self::LinkLocal => "link-local",
            Self::Multicast => "multicast",
            Self::Reserved => "reserved",
        }
    }

    /// What it is for a grant.
    pub const fn class(self) -> AddressClass {
        match self {
            Self::Loopback | Self::OwnAddress | Self::OwnListener => AddressClass::ThisMachine,
            Self::Private => AddressClass::Private,
            Self::LinkLocal => AddressClass::LinkLocal,
            Self::Metadata | Self::Port | Self::Multicast | Self::Reserved => AddressClass::Reserved,
        }
    }

    /// Whether no grant and no allow rule opens it.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Metadata | Self::OwnListener | Self::Port)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// First address, prefix length, what it is. The first match counts.
pub(crate) const V4_REFUSED: &[(Ipv4Addr, u32, Reason)] = &[
    (Ipv4Addr::UNSPECIFIED, 32, Reason::Loopback),
    (Ipv4Addr::UNSPECIFIED, 8, Reason::Reserved),
    (Ipv4Addr::new(10, 0, 0, 0), 8, Reason::Private),
    (Ipv4Addr::new(100, 64, 0, 0), 10, Reason::Private),
    (Ipv4Addr::new(127, 0, 0, 0), 8, Reason::Loopback),
    (Ipv4Addr::new(169, 254, 0, 0), 16, Reason::LinkLocal),
    (Ipv4Addr::new(172, 16, 0, 0), 12, Reason::Private),
    (Ipv4Addr::new(192, 0, 0, 0), 24, Reason::Reserved),
    (Ipv4Addr::new(192, 0, 2, 0), 24, Reason::Reserved),
    (Ipv4Addr::new(192, 31, 196, 0), 24, Reason::Reserved),
    (Ipv4Addr::new(192, 52, 193, 0), 24, Reason::Reserved),
    (Ipv4Addr::new(192, 88, 99, 0), 24, Reason::Reserved),
    (Ipv4Addr::new(192, 168, 0, 0), 16, Reason::Private),
    (Ipv4Addr::new(192, 175, 48, 0), 24, Reason::Reserved),
    (Ipv4Addr::new(198, 18, 0, 0), 15, Reason::Reserved),
    (Ipv4Addr::new(198, 51, 100, 0), 24, Reason::Reserved),
    (Ipv4Addr::new(203, 0, 113, 0), 24, Reason::Reserved),
    (Ipv4Addr::new(224, 0, 0, 0), 4, Reason::Multicast),
    (Ipv4Addr::new(240, 0, 0, 0), 4, Reason::Reserved),
];

/// Networks outside `2000::/3` that deserve a better word than "reserved".
pub(crate) const V6_NAMED: &[(Ipv6Addr, u32, Reason)] = &[
    (Ipv6Addr::UNSPECIFIED, 128, Reason::Loopback),
    (Ipv6Addr::LOCALHOST, 128, Reason::Loopback),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, Reason::Private),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, Reason::LinkLocal),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, Reason::Private),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, Reason::Multicast),
];

/// The only public unicast network of IPv6.
pub(crate) const V6_PUBLIC: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Networks inside it that are not: protocol assignments with Teredo and ORCHID, documentation, 6to4, AS112.
pub(crate) const V6_REFUSED: &[(Ipv6Addr, u32, Reason)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, Reason::Reserved),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, Reason::Reserved),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, Reason::Reserved),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, Reason::Reserved),
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48, Reason::Reserved),
];

/// AWS, Azure and GCP, ECS and EKS credentials, Alibaba, Oracle, Azure's wire server.
pub(crate) const METADATA_V4: &[Ipv4Addr] = &[
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(169, 254, 170, 23),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
    Ipv4Addr::new(168, 63, 129, 16),
];

/// AWS, EKS credentials, GCP.
pub(crate) const METADATA_V6: &[Ipv6Addr] = &[
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
];

/// Names under which clouds serve metadata, compared after lower-casing and without a final dot.
pub(crate) const METADATA_NAMES: &[&str] = &[
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "instance-data",
    "instance-data.ec2.internal",
    "metadata.tencentyun.com",
    "metadata.platformequinix.com",
];

/// Why this address is not public, or `None` when it is.
pub(crate) fn classify(ip: IpAddr) -> Option<Reason> {
    match ip.to_canonical() {
        _ if is_metadata(ip) => Some(Reason::Metadata),
        IpAddr::V4(v4) => v4_reason(v4),
        IpAddr::V6(v6) => v6_reason(v6),
    }
}

/// Whether it is a metadata service, also when carried inside an IPv6 address that a translator would unwrap.
pub(crate) fn is_metadata(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => METADATA_V4.contains(&v4),
        IpAddr::V6(v6) => {
            METADATA_V6.contains(&v6) || carried_v4(v6).is_some_and(|v4| METADATA_V4.contains(&v4))
        }
    }
}

fn v4_reason(ip: Ipv4Addr) -> Option<Reason> {
    V4_REFUSED.iter().find(|(net, len, _)| within_v4(ip, *net, *len)).map(|(.., reason)| *reason)
}

fn v6_reason(ip: Ipv6Addr) -> Option<Reason> {
    if let Some((.., reason)) = V6_NAMED.iter().find(|(net, len, _)| within_v6(ip, *net, *len)) {
        return Some(*reason);
    }
    if !within_v6(ip, V6_PUBLIC.0, V6_PUBLIC.1) || is_isatap(ip) {
        return Some(Reason::Reserved);
    }
    V6_REFUSED.iter().find(|(net, len, _)| within_v6(ip, *net, *len)).map(|(.., reason)| *reason)
}

/// An interface id of the shape `[02]00:5efe:a.b.c.d` (RFC 5214) tunnels to that IPv4 address.
fn is_isatap(ip: Ipv6Addr) -> bool {
    let [.., high, low, _, _] = ip.segments();
    matches!(high, 0 | 0x200) && low == 0x5efe
}

/// The IPv4 address a stack, tunnel or translator would take out of this one.
fn carried_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = ip.segments();
    let tail = || {
        let [.., a, b] = s;
        from_halves(a, b)
    };
    match s {
        // v4-compatible, mapped (::ffff:0:0/96), translated (::ffff:0:0:0/96), NAT64 well-known and local-use.
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, ..] => Some(tail()),
        // 6to4 keeps it behind the prefix, Teredo inverted at the end.
        [0x2002, a, b, ..] => Some(from_halves(a, b)),
        [0x2001, 0, .., a, b] => Some(from_halves(!a, !b)),
        _ if is_isatap(ip) => Some(tail()),
        _ => None,
    }
}

fn from_halves(a: u16, b: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits((u32::from(a) << 16) | u32::from(b))
}

fn within_v4(ip: Ipv4Addr, net: Ipv4Addr, len: u32) -> bool {
    (ip.to_bits() ^ net.to_bits()).leading_zeros() >= len
}

fn within_v6(ip: Ipv6Addr, net: Ipv6Addr, len: u32) -> bool {
    (ip.to_bits() ^ net.to_bits()).leading_zeros() >= len
}
