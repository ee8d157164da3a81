//! Things noticed on the way: they travel beside results and are never dropped.

use crate::Locator;
use serde::{Deserialize, Serialize};

crate::words! {
    /// How much a finding matters.
    Severity {
        /// Good to know.
        Note = "note",
        /// Part of the input could not be used, or looks wrong.
        Warning = "warning",
        /// The result must not be relied on before a person has looked.
        Serious = "serious",
    }
}

/// Something noticed while reading or computing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable kebab-case code, e.g. `decoded-shorter-than-container`.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// Where.
    pub locator: Locator,
    /// A sentence for people, without evidence text, names or numbers of persons.
    pub message: String,
}
impl Finding {
    /// A finding about the whole item.
    pub fn whole(code: &str, severity: Severity, message: impl Into<String>) -> Self {
        Self { code: code.into(), severity, locator: Locator::Whole, message: message.into() }
    }
}

/// A value with what was noticed while making it.
#[must_use = "findings must be kept: merge them into the caller's"]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked<T> {
    /// The result.
    pub value: T,
    /// What was noticed.
    pub findings: Vec<Finding>,
}
impl<T> Checked<T> {
    /// A result about which nothing was noticed.
    pub fn clean(value: T) -> Self {
        Self { value, findings: Vec::new() }
    }
    /// Hands the findings to `sink` and gives the value.
    pub fn merge_into(self, sink: &mut Vec<Finding>) -> T {
        sink.extend(self.findings);
        self.value
    }
    /// Changes the value, keeps the findings.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Checked<U> {
        Checked { value: f(self.value), findings: self.findings }
    }
}
