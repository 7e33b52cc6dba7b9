//! A pool of byte buffers. A block has two megabytes of entries; taking them fresh from the system
//! for every block, page by page, costs as much as applying the block.

use std::sync::{Arc, Mutex};

/// A block that is staged, one that is being looked at, and room for a peak.
const BUFFERS_MAX: usize = 8;

#[derive(Clone, Debug, Default)]
pub struct Pool(Arc<Mutex<Vec<Vec<u8>>>>);

impl Pool {
    /// An empty buffer, perhaps with the capacity that it had before.
    pub fn take(&self) -> Pooled {
        let spare = self.0.lock().ok().and_then(|mut spares| spares.pop());
        Pooled { bytes: spare.unwrap_or_default(), pool: self.clone() }
    }
}

/// Bytes that go back into their pool when nobody needs them any more.
#[derive(Debug)]
pub struct Pooled {
    bytes: Vec<u8>,
    pool: Pool,
}

impl Pooled {
    /// Bytes that belong to no ledger.
    pub fn alone(bytes: Vec<u8>) -> Self {
        Self { bytes, pool: Pool::default() }
    }
}

impl std::ops::Deref for Pooled {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.bytes
    }
}

impl std::ops::DerefMut for Pooled {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

impl PartialEq for Pooled {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        // A poisoned lock means that another thread met a bug; the buffer is simply let go.
        if let Ok(mut spares) = self.pool.0.lock()
            && spares.len() < BUFFERS_MAX
        {
            spares.push(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_empty_and_keeps_its_room() {
        let pool = Pool::default();
        let mut buffer = pool.take();
        buffer.extend([7; 1000]);
        drop(buffer);
        let again = pool.take();
        assert!(again.is_empty() && again.capacity() >= 1000);
    }
}
