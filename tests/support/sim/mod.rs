//! A simulator of Nacos servers: a small model of one server and its clients, and a writer of what such a server leaves
//! behind (logs, NMT reports, `/proc` files, an access log).
//!
//! [`causes::draw`] turns a seed into a scenario: what is wrong, how large, on which release, under which noise.
//! [`model::run`] plays it second by second and writes the logs as it goes. The truth of a case is not what the scenario
//! intended but what the model measured: who held how many bytes when memory ran out, whether it still grew at the end.
//! Nothing here is taken from the rules under test; figures come from real servers that were captured, and from the
//! documentation of Nacos, gRPC and Netty.

pub mod causes;
pub mod damage;
pub mod judge;
pub mod model;
pub mod rare_lines;
pub mod release;
pub mod rng;
pub mod writer;
