//! PostgreSQL for every context: the unit of work, and what commits with it (idempotency, inbox, audit, outbox).

pub mod approval;
pub mod audit;
pub mod idempotency;
pub mod inbox;
pub mod outbox;
mod unit;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rastup_types::{Actor, id::IdSource};
use sqlx::PgPool;

pub use sqlx;
pub use unit::Unit;

/// Migrations of all contexts, in order.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// The current time, UTC.
    fn now(&self) -> DateTime<Utc>;
}

/// Who asks, and under which correlation id.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The caller.
    pub actor: Actor,
    /// Correlation id of the request, for logs, events and errors.
    pub corr_id: String,
}

impl Caller {
    /// The backend itself: a worker, job or step.
    pub fn system(corr_id: impl Into<String>) -> Caller {
        Caller { actor: Actor::System, corr_id: corr_id.into() }
    }
}

/// The database with the clock and the source of ids that its units of work use.
#[derive(Clone)]
pub struct Store {
    pool: PgPool,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl Store {
    /// A store over a pool.
    pub fn new(pool: PgPool, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Store {
        Store { pool, clock, ids }
    }
    /// Begins a unit of work: one transaction, one reading of the clock.
    pub async fn unit(&self, caller: &Caller) -> Result<Unit, sqlx::Error> {
        let tx = self.pool.begin().await?;
        Ok(Unit::new(tx, self.clock.now(), Arc::clone(&self.ids), caller.clone()))
    }
    /// The pool, for reads that need no unit of work.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }
    /// The current time, UTC, in whole microseconds as the database keeps it.
    pub fn now(&self) -> DateTime<Utc> {
        unit::in_microseconds(self.clock.now())
    }
    /// The source of ids.
    pub fn ids(&self) -> &Arc<dyn IdSource> {
        &self.ids
    }
}
