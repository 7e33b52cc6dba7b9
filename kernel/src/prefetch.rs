//! Asking for memory before it is needed: the processor fetches it while it works on something else.
//!
//! Among millions of accounts a payment meets some thirty places that no cache holds, one after another.
//! Asked for in time, they come together. Nothing follows from it but when they are there.

/// The cache lines of a value: a row may lie across two.
#[inline]
pub fn prefetch<T>(place: &T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    #[allow(unsafe_code, reason = "it only advises, and the address is that of a reference")]
    // SAFETY: the instruction reads nothing and fails nowhere, and the last byte is in the value.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let first = std::ptr::from_ref(place).cast::<i8>();
        _mm_prefetch::<_MM_HINT_T0>(first);
        if const { size_of::<T>() > 64 } {
            _mm_prefetch::<_MM_HINT_T0>(first.add(64));
        }
        _mm_prefetch::<_MM_HINT_T0>(first.add(size_of::<T>().saturating_sub(1)));
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = place;
}
