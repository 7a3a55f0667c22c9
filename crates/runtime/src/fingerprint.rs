//! Short file names derived from long contents.

/// FNV-1a, 64 bits: stable across versions of the server. Not collision-resistant, so never use it on secrets.
pub(crate) fn fingerprint(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}
