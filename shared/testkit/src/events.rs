//! What a test has published, checked against the JSON Schemas of `events/`.

use std::path::PathBuf;

use rastup_store::{Store, sqlx};
use rastup_types::Event;
use serde_json::Value;

/// Events of the outbox in order.
pub async fn outbox_events(store: &Store) -> Vec<Event> {
    let rows: Vec<(Value,)> = sqlx::query_as("select detail from platform.outbox order by seq")
        .fetch_all(store.pool())
        .await
        .expect("the outbox can be read");
    rows.into_iter().map(|(detail,)| serde_json::from_value(detail).expect("an event envelope")).collect()
}

fn schema_of(name: &str, version: u32) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../events/{name}.v{version}.json"));
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|_| panic!("event {name} has no schema at {}", path.display()));
    serde_json::from_str(&text).expect("a schema is JSON")
}

/// Fails when an event of the outbox has no schema or does not match it.
pub async fn assert_outbox_matches_schemas(store: &Store) {
    for event in outbox_events(store).await {
        let schema = schema_of(&event.event, event.v);
        let validator = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .build(&schema)
            .expect("a JSON Schema");
        let instance = serde_json::to_value(&event).expect("an event serialises");
        let problems: Vec<String> =
            validator.iter_errors(&instance).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(problems.is_empty(), "{} does not match its schema: {problems:?}\n{instance:#}", event.event);
    }
}
