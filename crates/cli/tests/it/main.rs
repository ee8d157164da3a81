//! The command line as scripts and people meet it: the real binary, a fresh folder for each test.

mod bad_input;
mod canary;
mod crash;
mod custody;
mod sample_case;
mod serve;
mod servers;
mod stage;
mod usage;
