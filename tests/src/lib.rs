//! What several crates' tests need: real servers of our own, on private sockets and the loopback address, and faults on demand.

pub mod authority;
pub mod faults;
pub mod objects;
pub mod postgres;

pub use authority::Authority;
pub use objects::{ObjectServer, object_server};
pub use postgres::{Postgres, postgres};

/// True where a test may not skip for want of a server: under `make test`.
pub(crate) fn servers_are_required() -> bool {
    std::env::var("ZAPYS_REQUIRE_SERVERS").as_deref() == Ok("1")
}
