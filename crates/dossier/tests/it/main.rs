//! Productions made from a hand-made extract: whole, damaged, hostile, and before other people's programs.

mod sample;
