//! The words every context shares: ids, money, time ranges, callers, errors and the event envelope. No I/O, no AWS.

pub mod actor;
pub mod error;
pub mod event;
pub mod id;
pub mod money;
pub mod policy;
pub mod pricing;
pub mod time;

pub use actor::{Actor, Permission, Role};
pub use error::{ApiError, PublicError};
pub use event::Event;
pub use id::*;
pub use money::{BasisPoints, Cents, Currency};
pub use time::TimeRange;
