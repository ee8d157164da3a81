//! Where an object rests, and under which key.

use crate::backend::SealedName;
use zapys_domain::ObjectId;
use zapys_keys::{Secret, stream};

/// An object and how to get at it. In an encrypted case the record keeps name and key; without them the sealed bytes tell
/// nothing, not even which object they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// SHA-256 of the plain bytes.
    pub object: ObjectId,
    /// How it is sealed; `None` where it rests as it came, under its digest.
    pub sealed: Option<Sealed>,
}

/// A name that says nothing, and the key of one object. The key is wiped when dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Random; never used twice.
    pub name: SealedName,
    /// Random; seals this object and nothing else.
    pub key: Secret,
}
impl Sealed {
    /// A fresh name and key.
    pub fn random() -> Self {
        let name = SealedName::parse(&Secret::random().hex()).expect("64 hexadecimal characters");
        Self { name, key: Secret::random() }
    }
}

impl Kept {
    /// An object that rests as it came.
    pub fn plain(object: ObjectId) -> Self {
        Self { object, sealed: None }
    }
    /// The name it rests under.
    pub fn name(&self) -> SealedName {
        match &self.sealed {
            Some(sealed) => sealed.name.clone(),
            None => SealedName::parse(&self.object.hex()).expect("a digest is 64 hexadecimal characters"),
        }
    }
    /// Length of the plain bytes, told from the length of what rests. `None` where nothing sealed has this length.
    pub(crate) fn plain_len(&self, rests: u64) -> Option<u64> {
        match self.sealed {
            Some(_) => stream::plain_len(rests),
            None => Some(rests),
        }
    }
}
impl From<ObjectId> for Kept {
    fn from(object: ObjectId) -> Self {
        Self::plain(object)
    }
}
