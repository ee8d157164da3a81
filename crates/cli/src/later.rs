//! Commands of the public interface that are not there yet. They say so and exit 3; none pretends.

use clap::{Args, Subcommand};

#[derive(Args, Debug)]
pub struct Rest {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub rest: Vec<std::ffi::OsString>,
}

macro_rules! later {
    ($($variant:ident $word:literal $about:literal),+ $(,)?) => {
        #[derive(Subcommand, Debug)]
        pub enum Later { $(#[doc = $about] #[command(name = $word, disable_help_flag = true)] $variant(Rest)),+ }
        impl Later {
            /// The command as typed.
            pub fn word(&self) -> &'static str { match self { $(Self::$variant(_) => $word),+ } }
        }
    };
}
later! {
    Match "match" "Where a clip was cut from (not there yet)",
    Duplicates "duplicates" "The same or nearly the same thing twice (not there yet)",
    Lineage "lineage" "Which reports tell the same thing (not there yet)",
    LeakCheck "leak-check" "Protected names in an outgoing file (not there yet)",
    Statement "statement" "Who said what (not there yet)",
    Claim "claim" "Sourced, retractable propositions (not there yet)",
    Source "source" "Persons, bodies and channels (not there yet)",
    Person "person" "People of the case (not there yet)",
    Number "number" "Telephone numbers (not there yet)",
    Place "place" "Places (not there yet)",
    Incident "incident" "What is said to have happened (not there yet)",
    Consent "consent" "Consent and withdrawal (not there yet)",
    Dossier "dossier" "Exhibits and narrative (not there yet)",
    Redact "redact" "Derivatives that hold nothing recoverable (not there yet)",
    Worker "worker" "A processing worker for a shared case (not there yet)",
    User "user" "Accounts (not there yet)",
}
