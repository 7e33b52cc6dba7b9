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

/// Asks for pages of 2 MB under the memory of a vector, as far as they lie within it.
pub fn prefer_large_pages<T>(memory: &mut Vec<T>) {
    #[cfg(all(target_os = "linux", not(miri)))]
    {
        const LARGE_PAGE_BYTES: usize = 2 << 20;
        let first = memory.as_mut_ptr().cast::<u8>();
        let skipped = first.align_offset(LARGE_PAGE_BYTES);
        let bytes = memory.capacity().saturating_mul(size_of::<T>()).saturating_sub(skipped);
        #[allow(unsafe_code, reason = "it only advises, and the addresses are those of the vector")]
        // SAFETY: the range begins and ends within the memory that the vector owns, and the advice
        // changes none of its bytes. It may be refused, and then the pages are small.
        unsafe {
            libc::madvise(
                first.wrapping_add(skipped).cast(),
                bytes.saturating_sub(bytes % LARGE_PAGE_BYTES),
                libc::MADV_HUGEPAGE,
            );
        }
    }
    #[cfg(not(all(target_os = "linux", not(miri))))]
    let _ = memory;
}
