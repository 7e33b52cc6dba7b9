//! SHA-256, in which the world outside the ledger hashes: plain, and as a keyed hash.

use sha2::{Digest, Sha256};

use crate::hash::Hash;

const BLOCK_BYTES: usize = 64;

pub fn sha256(data: &[u8]) -> Hash {
    Sha256::digest(data).into()
}

/// A secret of HMAC-SHA-256 (RFC 2104), taken in once for many messages.
pub struct HmacKey {
    inner: Sha256,
    outer: Sha256,
}

impl HmacKey {
    pub fn new(secret: &[u8]) -> Self {
        let hashed = sha256(secret);
        let secret = if secret.len() > BLOCK_BYTES { hashed.as_slice() } else { secret };
        let mut block = [0_u8; BLOCK_BYTES];
        for (place, byte) in block.iter_mut().zip(secret) {
            *place = *byte;
        }
        Self {
            inner: Sha256::new_with_prefix(block.map(|byte| byte ^ 0x36)),
            outer: Sha256::new_with_prefix(block.map(|byte| byte ^ 0x5c)),
        }
    }

    pub fn hash(&self, message: &[u8]) -> Hash {
        let inner = self.inner.clone().chain_update(message).finalize();
        self.outer.clone().chain_update(inner).finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(hash: Hash) -> String {
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// RFC 4231, test cases 1, 2 and 6: a short key, a shorter one, one longer than a block.
    #[test]
    fn hmac_is_that_of_the_rfc() {
        let cases: [(&[u8], &[u8], &str); 3] = [
            (
                &[0x0b; 20],
                b"Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (secret, message, expected) in cases {
            assert_eq!(hex(HmacKey::new(secret).hash(message)), expected);
        }
    }

    #[test]
    fn sha256_is_that_of_the_standard() {
        assert_eq!(
            hex(sha256(b"abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
