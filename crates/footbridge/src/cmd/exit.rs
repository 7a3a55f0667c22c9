//! Exit codes of the commands, so that scripts can tell failures apart.

use crate::client::error::ClientError;

use super::failure::Failure;

/// The command has done what it was asked to.
pub const DONE: u8 = 0;
/// The command failed in another way: a file cannot be read, a check found something.
pub const FAILED: u8 = 1;
/// The server cannot be reached, or gives no answer in time.
pub const UNREACHABLE: u8 = 3;
/// The server refused the request or the credential.
pub const REFUSED: u8 = 4;
/// Nothing matches the filter, so nothing was done.
pub const NOTHING: u8 = 5;

/// Returns the exit code for a failure.
pub const fn of(failure: &Failure) -> u8 {
    match failure {
        Failure::Client(error) => of_client(error),
        Failure::Nothing(_) => NOTHING,
        Failure::Config(_)
        | Failure::FirstRun(_)
        | Failure::Telemetry(_)
        | Failure::Context(_)
        | Failure::Output(_)
        | Failure::Printed(_)
        | Failure::Other(_) => FAILED,
    }
}

const fn of_client(error: &ClientError) -> u8 {
    match error {
        ClientError::NoServer(_)
        | ClientError::Broken { .. }
        | ClientError::Slow { .. }
        | ClientError::NotFootbridge(_) => UNREACHABLE,
        ClientError::TokenMissing(_)
        | ClientError::TokenRefused(_)
        | ClientError::AppTokenRefused(_)
        | ClientError::Refused { .. } => REFUSED,
        ClientError::BadServer(_) | ClientError::Https(_) | ClientError::OtherVersion { .. } => FAILED,
    }
}
