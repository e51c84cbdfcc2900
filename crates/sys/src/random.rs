//! Randomness as a port.
//!
//! *Must hold*: [`SystemRandom`] is fit for keys and tokens; a test may put any sequence in its place.

/// Gives bytes that nobody can foretell.
pub trait Random: Send + Sync + 'static {
    /// Fills `bytes` whole.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(
        clippy::expect_used,
        reason = "Linux's getrandom(2) fails only where the call does not exist; no token may be made without it"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}
