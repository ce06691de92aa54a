//! The envelope of every domain event (§1.13.C). Free of personal data: ids, amounts and enums only.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Cents, Currency, EventId, UserId};

/// An event as it is written to the outbox and carried by the bus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Identity for deduplication.
    pub event_id: EventId,
    /// Name, such as `lbg.confirmed`; a schema `events/<name>.v<v>.json` describes it.
    pub event: String,
    /// Schema version; grows on breaking changes only.
    pub v: u32,
    /// When it became true.
    pub occurred_at: DateTime<Utc>,
    /// Correlation id of the request that caused it.
    pub corr_id: String,
    /// Account that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// Normalised city code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// Ids of the things it is about, such as `lbg_id`.
    pub ids: Map<String, Value>,
    /// Amount that moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money: Option<EventMoney>,
    /// Facts of this event, as its schema says.
    pub payload: Map<String, Value>,
}

/// An amount in an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventMoney {
    /// Integer cents.
    pub amount_cents: Cents,
    /// Currency of the amount.
    pub currency: Currency,
}

/// What a use case says of an event; the unit of work adds identity, time and correlation.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// Context that publishes it; the bus source is `rastup.<context>`.
    pub context: &'static str,
    /// Name of the event.
    pub name: &'static str,
    /// Account that it is about.
    pub user_id: Option<UserId>,
    /// Normalised city code.
    pub city: Option<String>,
    /// Ids of the things it is about.
    pub ids: Map<String, Value>,
    /// Amount that moved.
    pub money: Option<EventMoney>,
    /// Facts of this event.
    pub payload: Map<String, Value>,
}

impl NewEvent {
    /// An event of a context, without facts yet.
    pub fn new(context: &'static str, name: &'static str) -> NewEvent {
        NewEvent {
            context,
            name,
            user_id: None,
            city: None,
            ids: Map::new(),
            money: None,
            payload: Map::new(),
        }
    }
    /// Adds an id, such as `("lbg_id", lbg_id)`.
    pub fn id(mut self, key: &str, id: impl std::fmt::Display) -> NewEvent {
        self.ids.insert(key.to_owned(), Value::String(id.to_string()));
        self
    }
    /// Says which account it is about.
    pub fn user(mut self, user_id: UserId) -> NewEvent {
        self.user_id = Some(user_id);
        self
    }
    /// Says in which city it happened.
    pub fn city(mut self, city: &str) -> NewEvent {
        self.city = Some(city.to_owned());
        self
    }
    /// Says which amount moved.
    pub fn money(mut self, amount_cents: Cents, currency: Currency) -> NewEvent {
        self.money = Some(EventMoney { amount_cents, currency });
        self
    }
    /// Adds a fact.
    pub fn fact(mut self, key: &str, value: impl Into<Value>) -> NewEvent {
        self.payload.insert(key.to_owned(), value.into());
        self
    }
}
