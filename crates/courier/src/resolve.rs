//! Names to addresses. Asked once per connection; what it answers is judged before anything is dialled.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

/// The answer of a [`Resolver`], some time later.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>>;

/// Looks names up. Literal addresses never come here.
pub trait Resolver: Send + Sync {
    /// Every address of `host`, in the order to try them, each with `port`. No address is a failure, not a permission.
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a>;
}

/// The resolver of the operating system, off the runtime's thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}
