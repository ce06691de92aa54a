//! The unit of work: a business operation as one transaction that holds state, ledger, idempotency, audit and outbox.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use rastup_types::{
    Actor, AuditId, Event, EventId,
    event::NewEvent,
    id::{IdSource, TypedId},
};
use serde_json::Value;
use sqlx::{PgConnection, Postgres, Transaction};

use crate::{Caller, audit, outbox};

/// One transaction with one reading of the clock. Dropped without [`Unit::commit`], it changes nothing.
pub struct Unit {
    tx: Transaction<'static, Postgres>,
    now: DateTime<Utc>,
    ids: Arc<dyn IdSource>,
    caller: Caller,
    audits: Vec<audit::Entry>,
    events: Vec<EventId>,
}

/// The database keeps microseconds; a finer reading would not read back equal.
pub(crate) fn in_microseconds(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(6)
}

impl Unit {
    pub(crate) fn new(
        tx: Transaction<'static, Postgres>,
        now: DateTime<Utc>,
        ids: Arc<dyn IdSource>,
        caller: Caller,
    ) -> Unit {
        Unit { tx, now: in_microseconds(now), ids, caller, audits: Vec::new(), events: Vec::new() }
    }

    /// The connection inside the transaction.
    pub fn conn(&mut self) -> &mut PgConnection {
        &mut self.tx
    }
    /// The time of this unit, the same for everything in it.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }
    /// Who asked.
    pub fn actor(&self) -> &Actor {
        &self.caller.actor
    }
    /// Correlation id of the request.
    pub fn corr_id(&self) -> &str {
        &self.caller.corr_id
    }
    /// A new id.
    pub fn mint<I: TypedId>(&self) -> I {
        I::from_uuid(self.ids.next())
    }

    /// Writes an event to the outbox; it is published after the commit, at least once.
    pub async fn publish(&mut self, new: NewEvent) -> Result<EventId, sqlx::Error> {
        let event_id: EventId = self.mint();
        let event = Event {
            event_id,
            event: new.name.to_owned(),
            v: 1,
            occurred_at: self.now,
            corr_id: self.caller.corr_id.clone(),
            user_id: new.user_id,
            city: new.city,
            ids: new.ids,
            money: new.money,
            payload: new.payload,
        };
        outbox::insert(&mut self.tx, new.context, &event).await?;
        self.events.push(event_id);
        Ok(event_id)
    }

    /// Notes an action for the audit trail; written just before the commit, because the chain allows one writer.
    pub fn audit(&mut self, action: &'static str, target: impl std::fmt::Display, details: Value) {
        let audit_id: AuditId = self.mint();
        self.audits.push(audit::Entry {
            audit_id,
            occurred_at: self.now,
            actor: self.caller.actor.key(),
            action,
            target: target.to_string(),
            details,
            corr_id: self.caller.corr_id.clone(),
        });
    }

    /// Commits everything together and answers with the events that now wait to be published.
    pub async fn commit(mut self) -> Result<Vec<EventId>, sqlx::Error> {
        if !self.audits.is_empty() {
            audit::append(&mut self.tx, &self.audits).await?;
        }
        self.tx.commit().await?;
        Ok(self.events)
    }
}
