//! The activity of a connection, and how it is to end.

/// The activity of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Idle,
    ReadingHead,
    /// Reading a body of which so many bytes have arrived.
    ReadingBody(u64),
    Answering,
    Streaming(Length),
}

/// How long a streamed answer is expected to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// It ends by itself, at an unknown time.
    Finite,
    /// It never ends by itself. A draining server does not wait for it.
    Endless,
    /// It never ends by itself, and its source ends it when the server closes, not when the server begins to drain.
    UntilClose,
}

/// How a connection is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// After the current request, if there is one.
    Graceful,
    /// At once, without waiting for the current request.
    Now,
    /// Not at all: it drops the buffers of HTTP and keeps its socket.
    Park,
}
