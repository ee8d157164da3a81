//! What several crates' tests need: real servers of our own, on private sockets and the loopback address, and faults on demand.

pub mod authority;
pub mod faults;
pub mod objects;
pub mod postgres;

pub use authority::Authority;
pub use objects::{ObjectServer, object_server};
pub use postgres::{Postgres, postgres};
use std::path::{Path, PathBuf};

/// True where a test may not skip for want of a server: under `make test`.
pub(crate) fn servers_are_required() -> bool {
    std::env::var("ZAPYS_REQUIRE_SERVERS").as_deref() == Ok("1")
}

/// A program in one of the Python environments that `make test` makes (`ZAPYS_TEST_VENVS`, otherwise `target/venv`). `None`, said
/// aloud, where it is not installed. Panics where it must be.
pub fn validator(program: &str) -> Option<PathBuf> {
    let root = std::env::var_os("ZAPYS_TEST_VENVS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/venv"), PathBuf::from);
    let path = root.join(program);
    if path.is_file() {
        return Some(std::path::absolute(path).expect("a path"));
    }
    assert!(!servers_are_required(), "{program} is required and not installed");
    println!("skipped: {program} is not installed; `make test` brings it");
    None
}
