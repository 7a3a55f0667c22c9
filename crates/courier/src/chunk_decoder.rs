//! Decodes a body in chunked transfer coding (RFC 9112 §7.1), in pieces of any size. Ignores extensions and trailers.

use crate::head::MAX_HEAD;
use crate::round_trip_error::RoundTripError;

/// The most digits of a chunk size; they fill 64 bits.
const MAX_DIGITS: u8 = 16;

/// A decoder for chunked transfer coding.
#[derive(Debug)]
pub(crate) struct ChunkDecoder {
    state: ChunkState,
    /// The rest of the current chunk, in bytes; while a chunk size is read, its digits so far.
    size: u64,
    digits: u8,
    /// How many bytes of padding, extensions and trailers may still follow.
    overhead_left: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ChunkState {
    /// Before the first digit of a chunk size.
    Start,
    Digits,
    /// Blanks after a chunk size; some servers pad with them.
    Padding,
    Extension,
    SizeEnd,
    Data,
    DataReturn,
    DataEnd,
    /// Before a line of the trailer.
    TrailerLine,
    TrailerName,
    TrailerValue,
    TrailerLineEnd,
    BodyEnd,
    Done,
}

impl ChunkDecoder {
    pub(crate) fn new() -> Self {
        Self { state: ChunkState::Start, size: 0, digits: 0, overhead_left: MAX_HEAD }
    }

    /// Decodes `piece` and passes its data to `store`. At the end of the body, returns how many bytes of `piece` belong to
    /// the body.
    pub(crate) fn feed(
        &mut self,
        piece: &[u8],
        mut store: impl FnMut(&[u8]) -> Result<(), RoundTripError>,
    ) -> Result<Option<usize>, RoundTripError> {
        let mut rest = piece;
        while let Some((byte, after)) = rest.split_first() {
            if self.state == ChunkState::Data {
                let available = usize::try_from(self.size).unwrap_or(usize::MAX).min(rest.len());
                let (data, after) = rest.split_at_checked(available).unwrap_or((rest, &[]));
                store(data)?;
                self.size -= data.len() as u64;
                rest = after;
                if self.size == 0 {
                    self.state = ChunkState::DataReturn;
                }
                continue;
            }
            self.state = self.next_state(*byte)?;
            rest = after;
            if self.state == ChunkState::Done {
                return Ok(Some(piece.len() - rest.len()));
            }
        }
        Ok(None)
    }

    fn next_state(&mut self, byte: u8) -> Result<ChunkState, RoundTripError> {
        use ChunkState as S;
        Ok(match (self.state, byte) {
            (S::Start | S::Digits, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => self.digit(byte)?,
            (S::Digits | S::Padding, b' ' | b'\t') => self.overhead(S::Padding)?,
            (S::Digits | S::Padding, b';') => self.overhead(S::Extension)?,
            (S::Digits | S::Padding | S::Extension, b'\r') => S::SizeEnd,
            (S::Extension, byte) if is_text(byte) => self.overhead(S::Extension)?,
            (S::SizeEnd, b'\n') if self.size == 0 => S::TrailerLine,
            (S::SizeEnd, b'\n') => S::Data,
            (S::DataReturn, b'\r') => S::DataEnd,
            (S::DataEnd, b'\n') => S::Start,
            (S::TrailerLine, b'\r') => S::BodyEnd,
            (S::TrailerLine | S::TrailerName, byte) if is_token(byte) => self.overhead(S::TrailerName)?,
            (S::TrailerName, b':') => self.overhead(S::TrailerValue)?,
            (S::TrailerValue, b'\r') => S::TrailerLineEnd,
            (S::TrailerValue, byte) if is_text(byte) => self.overhead(S::TrailerValue)?,
            (S::TrailerLineEnd, b'\n') => S::TrailerLine,
            (S::BodyEnd, b'\n') => S::Done,
            _ => return Err(RoundTripError::Malformed),
        })
    }

    fn digit(&mut self, byte: u8) -> Result<ChunkState, RoundTripError> {
        self.digits = if self.state == ChunkState::Start { 1 } else { self.digits + 1 };
        if self.digits > MAX_DIGITS {
            return Err(RoundTripError::Malformed);
        }
        let digit = char::from(byte).to_digit(16).ok_or(RoundTripError::Malformed)?;
        self.size = self.size << 4 | u64::from(digit);
        Ok(ChunkState::Digits)
    }

    /// Counts a byte that is neither a chunk size nor data.
    fn overhead(&mut self, next: ChunkState) -> Result<ChunkState, RoundTripError> {
        self.overhead_left = self.overhead_left.checked_sub(1).ok_or(RoundTripError::Malformed)?;
        Ok(next)
    }
}

fn is_text(byte: u8) -> bool {
    byte == b'\t' || byte >= b' ' && byte != 0x7f
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
