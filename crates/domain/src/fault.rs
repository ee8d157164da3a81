//! How an error reaches a person: one plain sentence that names the thing, the cause and the remedy.
//!
//! Libraries keep rich `thiserror` enums; each says through [`Fault`] how it is to be told. Texts never hold evidence
//! text, names or numbers; a path the person typed may be named.

crate::words! {
    /// The five sorts of error.
    FaultKind {
        /// The command or request is wrong.
        Usage = "usage",
        /// What was given cannot be used.
        Input = "input",
        /// Something kept is not what it was.
        Integrity = "integrity",
        /// The machine lacks something: space, a tool, a model, a permission.
        Environment = "environment",
        /// A bug in zapys.
        Internal = "internal",
    }
}

/// An error that can be told to a person.
pub trait Fault: std::error::Error {
    /// Which sort.
    fn kind(&self) -> FaultKind;
    /// What to do about it, as a short imperative sentence.
    fn hint(&self) -> String;
    /// Stable kebab-case code for programs, e.g. `disk-full`.
    fn code(&self) -> &'static str;
}
