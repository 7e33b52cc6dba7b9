//! When an image of the state is made for a snapshot: at once when no block is staged, else as soon as
//! the staged one is handed over or discarded. Then the state is that of the last block, which is
//! durable or being written, and nothing lies on top of it.

use super::Ledger;

#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Imaging {
    #[default]
    None,
    Wanted,
    /// There is an image of the block of this height.
    Of(u64),
}

impl Ledger {
    /// Whoever wants an image reads it to its end, or ends it; there is one at a time.
    pub fn want_image(&mut self) {
        self.imaging = Imaging::Wanted;
        self.make_image_if_wanted();
    }

    /// The height of the image, once its block is durable.
    pub fn image_height(&self) -> Option<u64> {
        match self.imaging {
            Imaging::Of(height) => (height <= self.tip.height).then_some(height),
            Imaging::None | Imaging::Wanted => None,
        }
    }

    pub fn end_image(&mut self) {
        self.state.thaw();
        self.imaging = Imaging::None;
    }

    pub(super) fn make_image_if_wanted(&mut self) {
        if matches!(self.imaging, Imaging::Wanted) && self.staged.is_none() {
            self.state.freeze();
            self.imaging = Imaging::Of(self.parent().height);
        }
    }

    /// The block of this height could not be written.
    pub(super) fn end_image_of(&mut self, lost: u64) {
        if matches!(self.imaging, Imaging::Of(height) if height == lost) {
            self.end_image();
        }
    }
}
