//! Pieces: rows of one kind in memory that never move, and lie in large pages where they are many.
//!
//! A vector that is full moves all its rows, and a block would wait for it. And a payment among
//! millions of accounts goes to some thirty places that no cache holds: in pages of 4 kB the processor
//! first has to look up where each page is, in tables that no cache holds either.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "positions in memory, not money; overflow checks stay on"
)]

use crate::prefetch::prefer_large_pages;

/// Many large pages, because those at both ends of a piece are shared with something else. What is
/// not used of it is an address and no memory.
const PIECE_BYTES: usize = 32 << 20;

/// Less than this is not worth a large page, and is moved in a fraction of a millisecond.
const MOVED_BYTES_MAX: usize = 1 << 20;

pub struct Pieces<T> {
    /// All full but the last, which is not empty.
    pieces: Vec<Vec<T>>,
    length: usize,
}

impl<T> Default for Pieces<T> {
    fn default() -> Self {
        Self { pieces: Vec::new(), length: 0 }
    }
}

impl<T> Pieces<T> {
    /// Of a whole piece: a power of two. In tests a few rows take several.
    pub const ROWS: usize =
        if cfg!(test) { 8 } else { 1 << (PIECE_BYTES / size_of::<T>()).ilog2() };

    pub fn length(&self) -> usize {
        self.length
    }

    #[inline]
    pub fn get(&self, place: usize) -> Option<&T> {
        self.pieces.get(place / Self::ROWS)?.get(place % Self::ROWS)
    }

    #[inline]
    pub fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        self.pieces.get_mut(place / Self::ROWS)?.get_mut(place % Self::ROWS)
    }

    pub fn last(&self) -> Option<&T> {
        self.pieces.last()?.last()
    }

    pub fn push(&mut self, new: T) {
        self.piece_with_room().push(new);
        self.length += 1;
    }

    pub fn pop(&mut self) -> Option<T> {
        let last = self.pieces.last_mut()?;
        let row = last.pop();
        if last.is_empty() {
            self.pieces.pop();
        }
        self.length -= 1;
        row
    }

    /// New rows are copies of `row`.
    pub fn resize(&mut self, length: usize, row: T)
    where
        T: Clone,
    {
        if length < self.length {
            self.pieces.truncate(length.div_ceil(Self::ROWS));
            if let Some(last) = self.pieces.last_mut() {
                last.truncate((length - 1) % Self::ROWS + 1);
            }
            self.length = length;
        }
        while self.length < length {
            let missing = length - self.length;
            let piece = self.piece_with_room();
            let more = missing.min(piece.capacity() - piece.len());
            piece.resize(piece.len() + more, row.clone());
            self.length += more;
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.pieces.iter().flatten()
    }

    /// From `first` on.
    pub fn iter_from(&self, first: usize) -> impl Iterator<Item = &T> {
        (first..self.length).map_while(|place| self.get(place))
    }

    /// All rows in shares of so many, which divide a piece.
    pub fn shares_mut(&mut self, rows: usize) -> Vec<&mut [T]> {
        self.pieces.iter_mut().flat_map(|piece| piece.chunks_mut(rows)).collect()
    }

    /// The last piece, which has room for one row at least and for no more than a piece has.
    fn piece_with_room(&mut self) -> &mut Vec<T> {
        if self.length.is_multiple_of(Self::ROWS) {
            self.pieces.push(Vec::new());
        }
        let is_first = self.pieces.len() == 1;
        let piece = self.pieces.last_mut().expect("invariant: a piece was put there");
        if piece.len() == piece.capacity() {
            let doubled = piece.len().max(4) * 2;
            if is_first && doubled * size_of::<T>() <= MOVED_BYTES_MAX && doubled < Self::ROWS {
                piece.reserve_exact(doubled - piece.len());
            } else {
                piece.reserve_exact(Self::ROWS - piece.len());
                prefer_large_pages(piece);
            }
        }
        piece
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hold_what_a_vector_holds() {
        let (mut pieces, mut vector) = (Pieces::default(), Vec::new());
        let mut seed = 1_u64;
        for step in 0..2_000_u64 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(step);
            match seed >> 61 {
                0 | 1 => assert_eq!(pieces.pop(), vector.pop()),
                2 => {
                    let length = (seed >> 20) as usize % 40;
                    pieces.resize(length, step);
                    vector.resize(length, step);
                }
                _ => {
                    pieces.push(step);
                    vector.push(step);
                }
            }
            assert_eq!((pieces.length(), pieces.last()), (vector.len(), vector.last()));
            assert!(pieces.iter().eq(&vector));
            assert_eq!(pieces.pieces.len(), vector.len().div_ceil(8));
        }
        for place in 0..vector.len() + 20 {
            assert_eq!(pieces.get(place), vector.get(place));
            assert!(pieces.iter_from(place).eq(vector.iter().skip(place)));
            if let Some(row) = pieces.get_mut(place) {
                *row += 1;
                vector[place] += 1;
            }
        }
        assert!(pieces.shares_mut(4).concat() == vector);
    }

    #[test]
    fn rows_of_a_whole_piece_stay_where_they_are() {
        let mut pieces = Pieces::default();
        pieces.resize(9, 7);
        let first = std::ptr::from_ref(pieces.get(0).unwrap());
        pieces.resize(1_000, 7);
        assert_eq!(first, std::ptr::from_ref(pieces.get(0).unwrap()));
    }
}
