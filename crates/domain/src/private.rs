//! Evidence text, names, numbers and file names that must not slip into logs or error messages.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A value that `Debug` never shows and that has no `Display`: taking it out is always a visible act.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Private<T>(T);

impl<T> Private<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }
    /// Shows the value to code that has a reason to see it.
    pub fn reveal(&self) -> &T {
        &self.0
    }
    /// Takes the value out.
    pub fn into_inner(self) -> T {
        self.0
    }
}
impl<T: AsRef<str>> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Private({} bytes)", self.0.as_ref().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn r11_debug_shows_length_only() {
        assert_eq!(format!("{:?}", Private::new("вода".to_owned())), "Private(8 bytes)");
    }
}
