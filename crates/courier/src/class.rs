//! Classifies addresses: the table of networks that a URL from an untrusted user must not reach.
//!
//! For IPv4 it is a deny list: the IANA special-purpose registry and the well-known metadata services. For IPv6 only
//! `2000::/3` is public, without a few networks in it. An IPv4 address inside an IPv6 address (mapped, translated, 6to4, …)
//! never counts as public.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use footbridge_model::address::AddressClass;

/// Why an address is not public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalReason {
    /// The metadata service of a cloud, which gives credentials to anybody. Never allowed.
    Metadata,
    /// A listening socket of this server. Never allowed.
    OwnListener,
    /// Port 0 cannot be dialled. Never allowed.
    Port,
    /// This machine. Includes `0.0.0.0` and `::`, because Linux connects them to loopback.
    Loopback,
    /// A public address of this machine. A firewall may protect it from outside, but does not see requests from the
    /// machine itself.
    OwnAddress,
    /// Private use, unique-local, site-local or carrier-grade NAT.
    Private,
    /// Valid on one link only.
    LinkLocal,
    /// The address of a multicast group.
    Multicast,
    /// Any other address that is not public unicast: documentation, benchmarks, tunnels, translators, future use.
    Reserved,
}

impl RefusalReason {
    /// The word for texts, such as `loopback` or `private`.
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

    /// The address class that a grant must open.
    pub const fn class(self) -> AddressClass {
        match self {
            Self::Loopback | Self::OwnAddress | Self::OwnListener => AddressClass::ThisMachine,
            Self::Private => AddressClass::Private,
            Self::LinkLocal => AddressClass::LinkLocal,
            Self::Metadata | Self::Port | Self::Multicast | Self::Reserved => AddressClass::Reserved,
        }
    }

    /// Returns true if no grant and no allow rule can open the address.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Metadata | Self::OwnListener | Self::Port)
    }
}

impl fmt::Display for RefusalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The networks of IPv4 that are not public: first address, prefix length, reason. The first match counts.
pub(crate) const V4_REFUSED: &[(Ipv4Addr, u32, RefusalReason)] = &[
    (Ipv4Addr::UNSPECIFIED, 32, RefusalReason::Loopback),
    (Ipv4Addr::UNSPECIFIED, 8, RefusalReason::Reserved),
    (Ipv4Addr::new(10, 0, 0, 0), 8, RefusalReason::Private),
    (Ipv4Addr::new(100, 64, 0, 0), 10, RefusalReason::Private),
    (Ipv4Addr::new(127, 0, 0, 0), 8, RefusalReason::Loopback),
    (Ipv4Addr::new(169, 254, 0, 0), 16, RefusalReason::LinkLocal),
    (Ipv4Addr::new(172, 16, 0, 0), 12, RefusalReason::Private),
    (Ipv4Addr::new(192, 0, 0, 0), 24, RefusalReason::Reserved),
    (Ipv4Addr::new(192, 0, 2, 0), 24, RefusalReason::Reserved),
    (Ipv4Addr::new(192, 31, 196, 0), 24, RefusalReason::Reserved),
    (Ipv4Addr::new(192, 52, 193, 0), 24, RefusalReason::Reserved),
    (Ipv4Addr::new(192, 88, 99, 0), 24, RefusalReason::Reserved),
    (Ipv4Addr::new(192, 168, 0, 0), 16, RefusalReason::Private),
    (Ipv4Addr::new(192, 175, 48, 0), 24, RefusalReason::Reserved),
    (Ipv4Addr::new(198, 18, 0, 0), 15, RefusalReason::Reserved),
    (Ipv4Addr::new(198, 51, 100, 0), 24, RefusalReason::Reserved),
    (Ipv4Addr::new(203, 0, 113, 0), 24, RefusalReason::Reserved),
    (Ipv4Addr::new(224, 0, 0, 0), 4, RefusalReason::Multicast),
    (Ipv4Addr::new(240, 0, 0, 0), 4, RefusalReason::Reserved),
];

/// Networks outside `2000::/3` with a more precise reason than "reserved".
pub(crate) const V6_NAMED: &[(Ipv6Addr, u32, RefusalReason)] = &[
    (Ipv6Addr::UNSPECIFIED, 128, RefusalReason::Loopback),
    (Ipv6Addr::LOCALHOST, 128, RefusalReason::Loopback),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, RefusalReason::Private),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, RefusalReason::LinkLocal),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, RefusalReason::Private),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, RefusalReason::Multicast),
];

/// The public unicast network of IPv6.
pub(crate) const V6_PUBLIC: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Networks inside [`V6_PUBLIC`] that are not public: protocol assignments with Teredo and ORCHID, documentation, 6to4,
/// AS112.
pub(crate) const V6_REFUSED: &[(Ipv6Addr, u32, RefusalReason)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, RefusalReason::Reserved),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, RefusalReason::Reserved),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, RefusalReason::Reserved),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, RefusalReason::Reserved),
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48, RefusalReason::Reserved),
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

/// The reason why an address is not public; `None` if it is public.
pub(crate) fn classify(ip: IpAddr) -> Option<RefusalReason> {
    match ip.to_canonical() {
        _ if is_metadata(ip) => Some(RefusalReason::Metadata),
        IpAddr::V4(v4) => v4_reason(v4),
        IpAddr::V6(v6) => v6_reason(v6),
    }
}

/// Returns true for the address of a metadata service, also inside an IPv6 address that a translator would unwrap.
pub(crate) fn is_metadata(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => METADATA_V4.contains(&v4),
        IpAddr::V6(v6) => {
            METADATA_V6.contains(&v6) || carried_v4(v6).is_some_and(|v4| METADATA_V4.contains(&v4))
        }
    }
}

fn v4_reason(ip: Ipv4Addr) -> Option<RefusalReason> {
    V4_REFUSED.iter().find(|(net, len, _)| within_v4(ip, *net, *len)).map(|(.., reason)| *reason)
}

fn v6_reason(ip: Ipv6Addr) -> Option<RefusalReason> {
    if let Some((.., reason)) = V6_NAMED.iter().find(|(net, len, _)| within_v6(ip, *net, *len)) {
        return Some(*reason);
    }
    if !within_v6(ip, V6_PUBLIC.0, V6_PUBLIC.1) || is_isatap(ip) {
        return Some(RefusalReason::Reserved);
    }
    V6_REFUSED.iter().find(|(net, len, _)| within_v6(ip, *net, *len)).map(|(.., reason)| *reason)
}

/// Returns true for an interface id of the form `[02]00:5efe:a.b.c.d`, which is tunnelled to that IPv4 address
/// (RFC 5214).
fn is_isatap(ip: Ipv6Addr) -> bool {
    let [.., high, low, _, _] = ip.segments();
    matches!(high, 0 | 0x200) && low == 0x5efe
}

/// The IPv4 address that a network stack, tunnel or translator would extract from an IPv6 address.
fn carried_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = ip.segments();
    let tail = || {
        let [.., a, b] = s;
        from_halves(a, b)
    };
    match s {
        // v4-compatible, mapped (::ffff:0:0/96), translated (::ffff:0:0:0/96), NAT64 well-known and local-use.
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, ..] => Some(tail()),
        // 6to4 has it after the prefix; Teredo has it inverted at the end.
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
