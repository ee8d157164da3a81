//! Reading DER part by part. What is signed or digested is kept as the bytes that came, never written anew.

use super::StampError;
use der::asn1::ObjectIdentifier;
use der::{AnyRef, Decode, Reader, SliceReader, Tag, TagNumber, Tagged};

/// A context-specific tag of this number.
pub(super) fn context(number: u32, constructed: bool) -> Tag {
    Tag::ContextSpecific { constructed, number: TagNumber(number) }
}

/// One value: its whole bytes, and its body without tag and length.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    pub raw: &'a [u8],
    any: AnyRef<'a>,
    part: &'static str,
}
impl<'a> Value<'a> {
    /// Reads one value and nothing after it. `part` names it in errors.
    pub fn read(bytes: &'a [u8], part: &'static str) -> Result<Self, StampError> {
        let any = AnyRef::from_der(bytes).map_err(|_| StampError::Malformed { part })?;
        Ok(Self { raw: bytes, any, part })
    }
    pub fn tag(&self) -> Tag {
        self.any.tag()
    }
    pub fn body(&self) -> &'a [u8] {
        self.any.value()
    }
    pub fn bad(&self) -> StampError {
        StampError::Malformed { part: self.part }
    }
    /// The value with exactly this tag.
    pub fn tagged(self, tag: Tag) -> Result<Self, StampError> {
        if self.tag() == tag { Ok(self) } else { Err(self.bad()) }
    }
    /// What stands in it, where it is one of these.
    pub fn parts(&self, tag: Tag) -> Result<Parts<'a>, StampError> {
        self.tagged(tag)?;
        Parts::of(self.body(), self.part)
    }
    pub fn sequence(&self) -> Result<Parts<'a>, StampError> {
        self.parts(Tag::Sequence)
    }
    pub fn oid(&self) -> Result<ObjectIdentifier, StampError> {
        self.any.decode_as().map_err(|_| self.bad())
    }
    pub fn octets(&self) -> Result<&'a [u8], StampError> {
        Ok(self.tagged(Tag::OctetString)?.body())
    }
    /// A small number that is not negative.
    pub fn small(&self) -> Result<u64, StampError> {
        self.any.decode_as().map_err(|_| self.bad())
    }
    /// The bytes of an integer as they stand: big-endian, two's complement, shortest form.
    pub fn integer(&self) -> Result<&'a [u8], StampError> {
        let body = self.tagged(Tag::Integer)?.body();
        let padded = matches!(body, [0, second, ..] if *second < 0x80) || matches!(body, [0xff, second, ..] if *second >= 0x80);
        if body.is_empty() || padded { Err(self.bad()) } else { Ok(body) }
    }
    pub fn boolean(&self) -> Result<bool, StampError> {
        self.any.decode_as().map_err(|_| self.bad())
    }
}

/// The values of a sequence or set, one after the other.
pub(super) struct Parts<'a> {
    reader: SliceReader<'a>,
    part: &'static str,
}
impl<'a> Parts<'a> {
    fn of(body: &'a [u8], part: &'static str) -> Result<Self, StampError> {
        let reader = SliceReader::new(body).map_err(|_| StampError::Malformed { part })?;
        Ok(Self { reader, part })
    }
    fn bad(&self) -> StampError {
        StampError::Malformed { part: self.part }
    }
    /// The next value, which must be there.
    pub fn next(&mut self) -> Result<Value<'a>, StampError> {
        let raw = self.reader.tlv_bytes().map_err(|_| self.bad())?;
        Value::read(raw, self.part)
    }
    /// The next value, where there is one with this tag.
    pub fn opt(&mut self, tag: Tag) -> Result<Option<Value<'a>>, StampError> {
        if self.reader.is_finished() || Tag::peek(&self.reader).map_err(|_| self.bad())? != tag {
            return Ok(None);
        }
        self.next().map(Some)
    }
    pub fn is_finished(&self) -> bool {
        self.reader.is_finished()
    }
    /// Nothing may follow.
    pub fn end(self) -> Result<(), StampError> {
        if self.is_finished() { Ok(()) } else { Err(self.bad()) }
    }
    /// All values, at most `most`.
    pub fn all(mut self, most: usize) -> Result<Vec<Value<'a>>, StampError> {
        let mut out = Vec::new();
        while !self.is_finished() {
            if out.len() == most {
                return Err(StampError::TooMany { part: self.part, most });
            }
            out.push(self.next()?);
        }
        Ok(out)
    }
}

/// An algorithm and its parameters.
#[derive(Clone, Copy)]
pub(super) struct Algorithm<'a> {
    pub oid: ObjectIdentifier,
    pub parameters: Option<Value<'a>>,
}
impl<'a> Algorithm<'a> {
    pub fn read(value: Value<'a>) -> Result<Self, StampError> {
        let mut parts = value.sequence()?;
        let oid = parts.next()?.oid()?;
        let parameters = if parts.is_finished() { None } else { Some(parts.next()?) };
        parts.end()?;
        Ok(Self { oid, parameters })
    }
    /// One whose parameters are absent or NULL, as those of digests are.
    pub fn read_plain(value: Value<'a>) -> Result<Self, StampError> {
        let read = Self::read(value)?;
        if read.parameters.is_none_or(|p| p.raw == [0x05, 0x00]) { Ok(read) } else { Err(value.bad()) }
    }
}

/// Tag, length and body, as DER writes them.
pub(super) fn write(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let len = body.len().to_be_bytes();
    let len = &len[len.iter().take_while(|b| **b == 0).count()..];
    match len {
        [] => out.push(0),
        [short] if *short < 0x80 => out.push(*short),
        long => {
            // At most eight bytes of length.
            out.push(0x80 | u8::try_from(long.len()).unwrap_or(8));
            out.extend(long);
        }
    }
    out.extend(body);
    out
}

/// An integer that is not negative, from big-endian bytes of any length.
pub(super) fn write_integer(bytes: &[u8]) -> Vec<u8> {
    let first = bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len());
    let mut body = bytes[first..].to_vec();
    if body.first().is_none_or(|b| *b >= 0x80) {
        body.insert(0, 0);
    }
    write(0x02, &body)
}
