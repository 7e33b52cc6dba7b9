//! Inclusion proofs: the right one is accepted, and under the same root and size nothing that differs
//! from it in any part.

use _native::hash::{Domain, Hash};
use _native::tree;

/// Size, index and what is changed, then bytes that take the place of the path's or the leaf's.
pub fn run(data: &[u8]) {
    let Some(([size, index, change, more], rest)) = data.split_first_chunk() else { return };
    let size = usize::from(*size).max(1);
    let index = usize::from(*index) % size;
    let leaves: Vec<Hash> = (0..size).map(|row| Domain::Leaf.hash(&row.to_le_bytes())).collect();
    let root = tree::root(leaves.clone());
    let (leaf, path) =
        (leaves[index], tree::Levels::over(leaves).path(index).expect("the leaf is there"));
    assert!(tree::check_path(&leaf, index as u64, size as u64, &path, &root));

    let right = (leaf, index as u64, path);
    let mut shown = right.clone();
    match change % 6 {
        0 => mix(&mut shown.0, rest),
        1 => shown.1 ^= number(rest),
        2 => mix(shown.2.as_flattened_mut(), rest),
        3 => shown.2.truncate(usize::from(*more)),
        4 => shown.2.extend(rest.as_chunks::<32>().0),
        _ => {
            // A parent shown as a leaf, with what is left of the path.
            let first = shown.2.first().copied().unwrap_or_default();
            shown.0 = Domain::Node.hash([shown.0, first].as_flattened());
            shown.1 /= 2;
            shown.2 = shown.2.get(1..).unwrap_or_default().to_vec();
        }
    }
    let is_accepted = tree::check_path(&shown.0, shown.1, size as u64, &shown.2, &root);
    assert_eq!(is_accepted, shown == right);
    // Any size: it may be refused or not, but it ends.
    let _ = tree::check_path(
        &leaf,
        number(rest),
        number(rest.get(8..).unwrap_or_default()),
        &shown.2,
        &root,
    );
}

fn mix(bytes: &mut [u8], with: &[u8]) {
    bytes.iter_mut().zip(with).for_each(|(byte, other)| *byte ^= other);
}

fn number(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight))
}
