//! For tests only: a throw-away database, a clock that is set, seeded ids, and checks of what was written to the outbox.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "for tests only: a broken fixture ends the test, and says why"
)]

mod database;
mod events;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, Duration, Utc};
use rastup_store::{Caller, Clock, Store};
use rastup_types::{
    Actor, Role, UserId,
    id::{IdSource, TypedId},
};
use uuid::Uuid;

pub use database::TestDatabase;
pub use events::{assert_outbox_matches_schemas, outbox_events};

/// A clock that moves only when it is told to.
#[derive(Debug, Clone)]
pub struct SetClock(Arc<Mutex<DateTime<Utc>>>);

impl SetClock {
    /// A clock that shows `at`, RFC 3339.
    pub fn at(at: &str) -> SetClock {
        SetClock(Arc::new(Mutex::new(at.parse().expect("a time in RFC 3339"))))
    }
    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock().expect("no test panicked while it held the clock");
        *now += by;
    }
}

impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().expect("no test panicked while it held the clock")
    }
}

/// Ids in sequence, the same for the same seed.
#[derive(Debug)]
pub struct SeededIds(AtomicU64, u64);

impl SeededIds {
    /// A sequence of its own for each seed.
    pub fn new(seed: u64) -> SeededIds {
        SeededIds(AtomicU64::new(1), seed)
    }
}

impl IdSource for SeededIds {
    fn next(&self) -> Uuid {
        Uuid::from_u64_pair(self.1, self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// A migrated database of one test with its clock.
pub struct World {
    /// The store that use cases run on.
    pub store: Store,
    /// Its clock.
    pub clock: SetClock,
    database: TestDatabase,
}

impl World {
    /// A fresh world at 2026-06-01 12:00 UTC, a Monday.
    pub async fn new() -> World {
        let database = TestDatabase::create().await;
        let clock = SetClock::at("2026-06-01T12:00:00Z");
        let store = Store::new(database.pool().clone(), Arc::new(clock.clone()), Arc::new(SeededIds::new(7)));
        World { store, clock, database }
    }
    /// The database itself, for looking at what was written.
    pub fn database(&self) -> &TestDatabase {
        &self.database
    }
}

/// The account with a small number.
pub fn user(number: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(number))
}

/// A signed-in caller.
pub fn caller(user_id: UserId, roles: &[Role]) -> Caller {
    Caller { actor: Actor::User { user_id, roles: roles.to_vec() }, corr_id: "test-correlation".to_owned() }
}

/// The backend itself as caller.
pub fn system() -> Caller {
    Caller::system("test-correlation")
}
