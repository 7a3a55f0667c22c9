//! A body in chunks (RFC 9112 §7.1), however its bytes are cut. Extensions and trailers are passed over.

use crate::fault::Fault;
use crate::head::MAX_HEAD;

/// Most digits of a size: what 64 bits hold.
const MAX_DIGITS: u8 = 16;

/// Where in the chunks the reading stands.
#[derive(Debug)]
pub(crate) struct Chunks {
    place: Place,
    /// What is left of the chunk, or its size as far as it was read.
    size: u64,
    digits: u8,
    /// How many more bytes may be neither sizes nor data.
    spare: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the first digit of a size.
    Start,
    Digits,
    /// Blanks behind a size, which some servers fill up with.
    Pad,
    Extension,
    SizeEnd,
    Data,
    DataReturn,
    DataEnd,
    /// Before a line of the trailer.
    Line,
    Name,
    Value,
    ValueEnd,
    End,
    Over,
}

impl Chunks {
    pub(crate) fn new() -> Self {
        Self { place: Place::Start, size: 0, digits: 0, spare: MAX_HEAD }
    }

    /// Reads on, giving the data to `store`; how many bytes belonged to the body once it is whole.
    pub(crate) fn feed(
        &mut self,
        piece: &[u8],
        mut store: impl FnMut(&[u8]) -> Result<(), Fault>,
    ) -> Result<Option<usize>, Fault> {
        let mut rest = piece;
        while let Some((byte, behind)) = rest.split_first() {
            if self.place == Place::Data {
                let here = usize::try_from(self.size).unwrap_or(usize::MAX).min(rest.len());
                let (data, behind) = rest.split_at_checked(here).unwrap_or((rest, &[]));
                store(data)?;
                self.size -= data.len() as u64;
                rest = behind;
                if self.size == 0 {
                    self.place = Place::DataReturn;
                }
                continue;
            }
            self.place = self.step(*byte)?;
            rest = behind;
            if self.place == Place::Over {
                return Ok(Some(piece.len() - rest.len()));
            }
        }
        Ok(None)
    }

    fn step(&mut self, byte: u8) -> Result<Place, Fault> {
        Ok(match (self.place, byte) {
            (Place::Start | Place::Digits, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => self.digit(byte)?,
            (Place::Digits | Place::Pad, b' ' | b'\t') => self.pass(Place::Pad)?,
            (Place::Digits | Place::Pad, b';') => self.pass(Place::Extension)?,
            (Place::Digits | Place::Pad | Place::Extension, b'\r') => Place::SizeEnd,
            (Place::Extension, byte) if is_text(byte) => self.pass(Place::Extension)?,
            (Place::SizeEnd, b'\n') if self.size == 0 => Place::Line,
            (Place::SizeEnd, b'\n') => Place::Data,
            (Place::DataReturn, b'\r') => Place::DataEnd,
            (Place::DataEnd, b'\n') => Place::Start,
            (Place::Line, b'\r') => Place::End,
            (Place::Line | Place::Name, byte) if is_token(byte) => self.pass(Place::Name)?,
            (Place::Name, b':') => self.pass(Place::Value)?,
            (Place::Value, b'\r') => Place::ValueEnd,
            (Place::Value, byte) if is_text(byte) => self.pass(Place::Value)?,
            (Place::ValueEnd, b'\n') => Place::Line,
            (Place::End, b'\n') => Place::Over,
            _ => return Err(Fault::Malformed),
        })
    }

    fn digit(&mut self, byte: u8) -> Result<Place, Fault> {
        self.digits = if self.place == Place::Start { 1 } else { self.digits + 1 };
        if self.digits > MAX_DIGITS {
            return Err(Fault::Malformed);
        }
        let digit = char::from(byte).to_digit(16).ok_or(Fault::Malformed)?;
        self.size = self.size << 4 | u64::from(digit);
        Ok(Place::Digits)
    }

    fn pass(&mut self, to: Place) -> Result<Place, Fault> {
        self.spare = self.spare.checked_sub(1).ok_or(Fault::Malformed)?;
        Ok(to)
    }
}

fn is_text(byte: u8) -> bool {
    byte == b'\t' || byte >= b' ' && byte != 0x7f
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
