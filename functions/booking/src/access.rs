//! Who may act on orders. Reading is decided by [`crate::order::Order::visible_to`].

use rastup_types::{Actor, Role, UserId};

use crate::error::BookingError;

/// The account of a caller who books. Error: `FORBIDDEN` without the role.
pub fn buyer(actor: &Actor) -> Result<UserId, BookingError> {
    match actor.user_id() {
        Some(user_id) if actor.has(Role::Buyer) => Ok(user_id),
        _ => Err(BookingError::Forbidden),
    }
}

/// The account of any signed-in caller. Error: `FORBIDDEN`.
pub fn signed_in(actor: &Actor) -> Result<UserId, BookingError> {
    actor.user_id().ok_or(BookingError::Forbidden)
}
