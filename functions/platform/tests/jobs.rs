//! The Lambdas `outbox_relay_job` and `migrate_job`: what was left behind is published, and migrating again is harmless.

#![allow(clippy::unwrap_used, reason = "a test ends where its fixture breaks")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::Duration;
use rastup_runtime::{Bus, Relay};
use rastup_store::{MIGRATIONS, outbox::Pending};
use rastup_testkit::{World, outbox_events, system};
use rastup_types::{ApiError, EventId, event::NewEvent};
use serde_json::json;

/// A bus that takes at most `takes` events of a batch and remembers them.
struct FakeBus {
    takes: usize,
    taken: Mutex<Vec<EventId>>,
}

#[async_trait]
impl Bus for FakeBus {
    async fn put(&self, events: &[Pending]) -> Result<Vec<EventId>, ApiError> {
        let ids: Vec<EventId> = events.iter().take(self.takes).map(|event| event.event_id).collect();
        self.taken.lock().unwrap().extend(&ids);
        Ok(ids)
    }
}

fn bus(takes: usize) -> Arc<FakeBus> {
    Arc::new(FakeBus { takes, taken: Mutex::new(Vec::new()) })
}

async fn commit_events(world: &World, count: usize) {
    let mut unit = world.store.unit(&system()).await.unwrap();
    for _ in 0..count {
        unit.publish(NewEvent::new("platform", "test.happened")).await.unwrap();
    }
    unit.commit().await.unwrap();
}

#[tokio::test]
async fn events_left_behind_are_published_once_and_young_ones_are_left_to_their_request() {
    let world = World::new().await;
    commit_events(&world, 23).await;
    world.clock.advance(Duration::seconds(60));
    commit_events(&world, 1).await;
    let bus = bus(10);
    let relay = Relay::new(world.store.clone(), bus.clone());

    assert_eq!(platform::relay_left_behind(&relay).await.unwrap(), json!({ "published": 23 }));
    assert_eq!(platform::relay_left_behind(&relay).await.unwrap(), json!({ "published": 0 }));

    let all: Vec<EventId> = outbox_events(&world.store).await.iter().map(|event| event.event_id).collect();
    let mut taken = bus.taken.lock().unwrap().clone();
    taken.sort();
    assert_eq!(taken, all[..23]);
}

#[tokio::test]
async fn an_event_that_the_bus_refuses_waits_for_its_lease_and_is_tried_again() {
    let world = World::new().await;
    commit_events(&world, 3).await;
    world.clock.advance(Duration::seconds(60));
    let deaf = Relay::new(world.store.clone(), bus(0));
    assert_eq!(platform::relay_left_behind(&deaf).await.unwrap(), json!({ "published": 0 }));

    let hearing = Relay::new(world.store.clone(), bus(10));
    assert_eq!(platform::relay_left_behind(&hearing).await.unwrap(), json!({ "published": 0 }));
    world.clock.advance(Duration::seconds(31));
    assert_eq!(platform::relay_left_behind(&hearing).await.unwrap(), json!({ "published": 3 }));
}

#[tokio::test]
async fn migrating_a_migrated_database_changes_nothing() {
    let world = World::new().await;
    let before = outbox_events(&world.store).await.len();
    let first = platform::migrate(&world.store).await.unwrap();
    assert_eq!(platform::migrate(&world.store).await.unwrap(), first);
    assert_eq!(outbox_events(&world.store).await.len(), before);
    assert_eq!(first, json!({ "migrations": MIGRATIONS.iter().count() }));
}
