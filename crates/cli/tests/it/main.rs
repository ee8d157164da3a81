//! The command line as scripts and people meet it: the real binary, a fresh folder for each test.

mod backups;
mod bad_input;
mod canary;
mod conformance;
mod crash;
mod custody;
mod diskfull;
mod encrypted;
mod hostile;
mod ledger;
mod powercut;
mod productions;
mod records;
mod rough;
mod sample_case;
mod serve;
mod servers;
mod stage;
mod tampering;
mod translator;
mod usage;
