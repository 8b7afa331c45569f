//! How the vectors and the table of a shard grow and shrink.
//!
//! By a quarter instead of doubling: what is allocated then stays close to what is used, and the overhead that a limit
//! in bytes counts for each entry can be close to the truth.

/// A vector never shrinks below room for this many items, so that a few entries that come and go cost no allocation.
const SMALLEST: usize = 4;

/// Appends an item.
pub(crate) fn push<T>(items: &mut Vec<T>, item: T) {
    if items.len() == items.capacity() {
        items.reserve_exact(items.len() / 4 + SMALLEST);
    }
    items.push(item);
}

/// Gives memory back once less than half of it is in use. The next time comes after a third of the items have gone, so
/// the cost of copying stays in proportion to the removals.
pub(crate) fn shrink<T>(items: &mut Vec<T>) {
    if is_sparse(items.len(), items.capacity()) {
        items.shrink_to(items.len() + items.len() / 4 + SMALLEST);
    }
}

/// Whether so much of a table's room is in use, more than four fifths, that searches in it take long.
pub(crate) fn is_crowded(used: usize, room: usize) -> bool {
    room < used + used / 4 + 1
}

/// How much room a table gets for so many items: enough to be crowded no sooner than after a fifth more, and sparse no
/// sooner than after a quarter less.
pub(crate) fn room_for(items: usize) -> usize {
    items + items / 2 + 1
}

/// Whether so little of the room is in use that memory is given back.
pub(crate) fn is_sparse(used: usize, room: usize) -> bool {
    room > 2 * (used + SMALLEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_was_moved_is_not_moved_again_soon() {
        for items in 0..10_000 {
            let room = room_for(items);
            assert!(!is_crowded(items + items / 5, room) && !is_sparse(items - items / 4, room), "{items}");
            assert!(is_crowded(items + items / 4 + SMALLEST, room), "{items}");
        }
    }

    #[test]
    fn slack_stays_small_while_growing_and_shrinking() {
        let mut items = Vec::new();
        for n in 0..10_000 {
            push(&mut items, n);
            assert!(items.capacity() <= items.len() * 5 / 4 + SMALLEST);
        }
        while items.pop().is_some() {
            shrink(&mut items);
            assert!(items.capacity() <= 2 * (items.len() + SMALLEST));
        }
    }
}
