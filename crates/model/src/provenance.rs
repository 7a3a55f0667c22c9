//! The provenance of events and exchanges. It is recorded and shown, and decides nothing.

use crate::time::Entropy;
use std::fmt;
use std::str::FromStr;

/// The way by which an event or an exchange came to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Via {
    /// A back end called the HTTP API.
    #[default]
    Api,
    /// A page published or forwarded it.
    Page,
    /// A function published it.
    Function,
    /// The server published it itself.
    System,
    /// An operator sent it.
    Console,
}

impl Via {
    /// All ways, in the order of their definition.
    pub const ALL: [Self; 5] = [Self::Api, Self::Page, Self::Function, Self::System, Self::Console];

    /// The word for it in answers and queries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Page => "page",
            Self::Function => "function",
            Self::System => "system",
            Self::Console => "console",
        }
    }
}

/// The text is not the word for a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it must be `api`, `page`, `function`, `system` or `console`")]
pub struct BadVia;

impl FromStr for Via {
    type Err = BadVia;

    fn from_str(text: &str) -> Result<Self, BadVia> {
        Self::ALL.into_iter().find(|via| via.as_str() == text).ok_or(BadVia)
    }
}

/// The id of a trace, which several programs share.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId([u8; 16]);

impl TraceId {
    /// Parses 32 lower-case hexadecimal digits that are not all zero.
    ///
    /// ```
    /// use footbridge_model::provenance::TraceId;
    ///
    /// let trace = TraceId::parse("4bf92f3577b34da6a3ce929d0e0e4736").unwrap();
    /// assert_eq!(trace.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
    /// assert!(TraceId::parse("00000000000000000000000000000000").is_none());
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        hex(text.as_bytes()).filter(|id| *id != [0; 16]).map(Self)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The flag of a trace that its sender records.
const SAMPLED: u8 = 1;

/// The content of a `traceparent` header of W3C Trace Context: a trace, the span that sent the request, and the flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceParent {
    trace: TraceId,
    span: [u8; 8],
    flags: u8,
}

impl TraceParent {
    /// The number of bytes of [`bytes`](Self::bytes).
    pub const LENGTH: usize = 25;

    /// Parses the value of the header. Returns `None` for what the standard tells receivers to ignore.
    ///
    /// ```
    /// use footbridge_model::provenance::TraceParent;
    ///
    /// let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    /// assert_eq!(TraceParent::parse(text).unwrap().to_string(), text);
    /// assert!(TraceParent::parse("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").is_none());
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let (known, rest) = text.as_bytes().split_at_checked(55)?;
        let (version, fields) = known.split_first_chunk::<2>()?;
        let [version] = hex(version)?;
        // Version 00 has no further fields. A later one may add some, after another hyphen.
        let ends = rest.is_empty() || (version != 0 && rest.starts_with(b"-"));
        if version == 0xff || !ends {
            return None;
        }
        let [b'-', fields @ ..] = fields else { return None };
        let (trace, fields) = fields.split_at_checked(32)?;
        let [b'-', fields @ ..] = fields else { return None };
        let (span, fields) = fields.split_at_checked(16)?;
        let [b'-', flags @ ..] = fields else { return None };
        let ([flags], span) = (hex(flags)?, hex(span)?);
        let trace = hex(trace).filter(|id| *id != [0; 16]).map(TraceId)?;
        (span != [0; 8]).then_some(Self { trace, span, flags })
    }

    /// The id of the trace.
    pub const fn trace(&self) -> TraceId {
        self.trace
    }

    /// A new span of the same trace, for a request that continues it. Only the flag that version 00 defines is kept.
    #[must_use]
    pub fn child(self, entropy: &dyn Entropy) -> Self {
        let mut span = [0; 8];
        entropy.fill(&mut span);
        // The standard forbids a span of zeros.
        if span == [0; 8] {
            span = [0xff; 8];
        }
        Self { trace: self.trace, span, flags: self.flags & SAMPLED }
    }

    /// The fields as they are stored.
    pub fn bytes(&self) -> [u8; Self::LENGTH] {
        let mut bytes = [self.flags; Self::LENGTH];
        bytes.iter_mut().zip(self.trace.0.iter().chain(&self.span)).for_each(|(to, from)| *to = *from);
        bytes
    }

    /// Reads what [`bytes`](Self::bytes) has written.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (trace, rest) = bytes.split_first_chunk()?;
        let (span, flags) = rest.split_first_chunk()?;
        let &[flags] = flags else { return None };
        Some(Self { trace: TraceId(*trace), span: *span, flags })
    }
}

/// The value of the header, in version 00.
impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-", self.trace)?;
        self.span.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        write!(f, "-{:02x}", self.flags)
    }
}

/// Reads lower-case hexadecimal digits.
fn hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

/// The way by which an event or an exchange came, with its trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Provenance {
    /// The way by which it came.
    pub via: Via,
    /// True if an operator marked it as a test, or a test caused it.
    pub test: bool,
    /// The span of the sender, if its request had one.
    pub trace: Option<TraceParent>,
}

impl Provenance {
    /// The provenance of what came this way with this `traceparent` header. A header that is not valid is ignored, as the
    /// standard asks.
    #[must_use]
    pub fn with_header(via: Via, traceparent: Option<&str>) -> Self {
        Self { via, test: false, trace: traceparent.and_then(TraceParent::parse) }
    }

    /// The provenance of an event that a function publishes while it handles an event of this provenance.
    #[must_use]
    pub const fn of_function(self) -> Self {
        Self { via: Via::Function, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn a_traceparent_is_read_as_the_standard_says() {
        let good = format!("00-{TRACE}-00f067aa0ba902b7-01");
        let read = TraceParent::parse(&good).unwrap();
        assert_eq!(read.trace().to_string(), TRACE);
        assert_eq!(TraceParent::from_bytes(&read.bytes()), Some(read));
        assert_eq!(read.to_string(), good);
        // A later version may have more fields.
        assert_eq!(TraceParent::parse(&format!("cc-{TRACE}-00f067aa0ba902b7-01-what")), Some(read));
        assert_eq!(TraceParent::parse(&format!("cc-{TRACE}-00f067aa0ba902b7-01")), Some(read));
        for bad in [
            String::new(),
            TRACE.to_owned(),
            format!("00-{TRACE}-00f067aa0ba902b7-01-what"),
            format!("00-{TRACE}-00f067aa0ba902b7-01x"),
            format!("cc-{TRACE}-00f067aa0ba902b7-01x"),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{TRACE}_00f067aa0ba902b7-01"),
            format!("0g-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{TRACE}-00f067aa0ba902b7-0"),
            format!("00-{TRACE}-00f067aa0ba902é7-01"),
        ] {
            assert_eq!(TraceParent::parse(&bad), None, "{bad}");
        }
        assert_eq!(TraceParent::from_bytes(&[1; 24]), None);
    }

    /// Randomness with the same byte everywhere.
    #[derive(Debug)]
    struct Same(u8);

    impl Entropy for Same {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn a_child_is_another_span_of_the_trace() {
        let of = |flags: &str| TraceParent::parse(&format!("00-{TRACE}-00f067aa0ba902b7-{flags}")).unwrap();
        for (flags, kept) in [("00", "00"), ("01", "01"), ("ff", "01"), ("02", "00")] {
            let child = of(flags).child(&Same(7)).to_string();
            assert_eq!(child, format!("00-{TRACE}-0707070707070707-{kept}"));
        }
        let child = of("01").child(&Same(0)).to_string();
        assert!(TraceParent::parse(&child).is_some(), "{child} is valid");
    }

    #[test]
    fn ways_are_read_as_they_are_written() {
        for via in Via::ALL {
            assert_eq!(via.as_str().parse(), Ok(via));
        }
        assert_eq!("API".parse::<Via>(), Err(BadVia));
    }
}
