//! The relay: moves committed events from the outbox to the event bus, at least once.

use std::sync::Arc;

use async_trait::async_trait;
use rastup_store::{Store, outbox};
use rastup_types::{ApiError, EventId};

/// Where events go.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Sends up to ten events and answers with those that the bus took.
    async fn put(&self, events: &[outbox::Pending]) -> Result<Vec<EventId>, ApiError>;
}

/// Amazon EventBridge.
pub(crate) struct EventBridge {
    pub(crate) client: aws_sdk_eventbridge::Client,
    pub(crate) bus_name: String,
}

#[async_trait]
impl Bus for EventBridge {
    async fn put(&self, events: &[outbox::Pending]) -> Result<Vec<EventId>, ApiError> {
        let entries = events.iter().map(|event| {
            aws_sdk_eventbridge::types::PutEventsRequestEntry::builder()
                .event_bus_name(&self.bus_name)
                .source(&event.source)
                .detail_type(&event.event)
                .detail(event.detail.to_string())
                .build()
        });
        let answer =
            self.client.put_events().set_entries(Some(entries.collect())).send().await.map_err(|error| {
                ApiError::transient(aws_sdk_eventbridge::error::DisplayErrorContext(&error))
            })?;
        let taken = events.iter().zip(answer.entries()).filter(|(_, entry)| entry.event_id().is_some());
        Ok(taken.map(|(event, _)| event.event_id).collect())
    }
}

/// Publishes what units of work have committed.
#[derive(Clone)]
pub struct Relay {
    store: Store,
    bus: Arc<dyn Bus>,
}

impl Relay {
    /// A relay from a store to a bus.
    pub fn new(store: Store, bus: Arc<dyn Bus>) -> Relay {
        Relay { store, bus }
    }

    /// Publishes everything that waits and is older than `min_age`; answers with how many events the bus took.
    pub async fn drain(&self, min_age: chrono::Duration) -> Result<usize, ApiError> {
        let mut published = 0;
        loop {
            let now = self.store.now();
            let batch = outbox::lease(self.store.pool(), now, now - min_age, None).await?;
            if batch.is_empty() {
                return Ok(published);
            }
            let taken = self.bus.put(&batch).await?;
            outbox::mark_published(self.store.pool(), &taken, now).await?;
            published += taken.len();
            if taken.is_empty() {
                return Ok(published);
            }
        }
    }

    /// Publishes what the current invocation has committed. A failure is only logged: the events are safe in the
    /// outbox, and the relay job publishes them within a minute.
    pub(crate) async fn flush(&self) {
        if let Err(error) = self.drain(chrono::Duration::zero()).await {
            tracing::warn!(
                code = error.code,
                cause = error.cause,
                "events stay in the outbox for the relay job"
            );
        }
    }
}
