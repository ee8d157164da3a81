//! The command line as scripts and people meet it: the real binary, a fresh folder for each test.

mod stage;
mod usage;
mod bad_input;
mod custody;
mod sample_case;
mod canary;
mod crash;
mod serve;
