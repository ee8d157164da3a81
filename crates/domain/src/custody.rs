//! Acts upon evidence, and who does them.

use serde::{Deserialize, Serialize};

crate::words! {
    /// What was done. The first sixteen are the custody actions of R1.4.
    Action {
        #[allow(missing_docs)] Collected = "collected",
        #[allow(missing_docs)] Received = "received",
        #[allow(missing_docs)] Imported = "imported",
        #[allow(missing_docs)] Hashed = "hashed",
        #[allow(missing_docs)] Verified = "verified",
        #[allow(missing_docs)] Copied = "copied",
        #[allow(missing_docs)] Transformed = "transformed",
        #[allow(missing_docs)] Accessed = "accessed",
        #[allow(missing_docs)] Exported = "exported",
        #[allow(missing_docs)] TransferredOut = "transferred_out",
        #[allow(missing_docs)] TransferredIn = "transferred_in",
        #[allow(missing_docs)] Disclosed = "disclosed",
        #[allow(missing_docs)] Redacted = "redacted",
        #[allow(missing_docs)] Sealed = "sealed",
        #[allow(missing_docs)] LegalHold = "legal_hold",
        #[allow(missing_docs)] Disposed = "disposed",
        /// Somebody put something on record about it.
        Recorded = "recorded",
        /// Somebody corrected or took back what was on record.
        Corrected = "corrected",
        /// The case itself was made.
        Opened = "opened",
        /// The clock went backwards between two events.
        ClockAnomaly = "clock_anomaly",
        /// The program that wrote before did not close the case.
        UncleanShutdown = "unclean_shutdown",
        /// The ledger grew while this program held it for itself alone.
        ForeignWriter = "foreign_writer",
        /// The ledger goes on under another key, which the one before it named.
        KeyRotated = "key_rotated",
        /// The ledger goes on under another key, because the one before it is lost or known to others.
        KeyReplaced = "key_replaced",
    }
}

/// Who acts: a pseudonymous identifier, never a name. `program` marks acts nobody decided one by one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Actor {
    /// Pseudonymous identifier: 1 to 64 characters of `a-z 0-9 - . _ :`.
    pub id: String,
}
impl Actor {
    /// Reads an identifier. Errors: `None` if it holds other characters or is empty.
    pub fn parse(id: &str) -> Option<Self> {
        let ok = (1..=64).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._:".contains(&b));
        ok.then(|| Self { id: id.into() })
    }
    /// The single person at a laptop case without accounts.
    pub fn owner() -> Self {
        Self { id: "person:owner".into() }
    }
    /// zapys itself, working through a queue.
    pub fn worker() -> Self {
        Self { id: "program:worker".into() }
    }
}
