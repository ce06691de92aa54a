//! AppSync direct resolvers: who calls, which field, with which arguments; answers `{data}` or `{error}`.

use std::{future::Future, sync::Arc};

use lambda_runtime::LambdaEvent;
use rastup_store::{Caller, Clock};
use rastup_types::{Actor, ApiError, Role, UserId, id::TypedId};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{LambdaError, bus::Relay, clock::new_corr_id, rate_limit::RateLimit, telemetry::Invocation};

/// Requests a signed-in caller may make in five minutes (§1.18.C).
const USER_REQUESTS_MAX: u32 = 900;
/// Requests an address without a session may make in five minutes.
const ANONYMOUS_REQUESTS_MAX: u32 = 120;

/// One field to resolve.
#[derive(Debug, Clone)]
pub struct Call {
    /// `Query`, `Mutation` or `Subscription`.
    pub parent: String,
    /// Name of the field.
    pub field: String,
    /// Who calls.
    pub caller: Caller,
    arguments: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DirectEvent {
    #[serde(default)]
    arguments: Value,
    identity: Option<Identity>,
    request: Option<Request>,
    info: Info,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    field_name: String,
    parent_type_name: String,
}

#[derive(Deserialize, Default)]
struct Request {
    #[serde(default)]
    headers: std::collections::BTreeMap<String, Option<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    sub: Option<Uuid>,
    groups: Option<Vec<String>>,
    user_arn: Option<String>,
    cognito_identity_id: Option<String>,
}

impl Call {
    /// Reads the event of AppSync.
    pub fn from_event(event: Value) -> Result<Call, ApiError> {
        let event: DirectEvent = serde_json::from_value(event).map_err(ApiError::internal)?;
        let corr_id = event
            .request
            .unwrap_or_default()
            .headers
            .remove("x-corr-id")
            .flatten()
            .filter(|id| {
                (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            })
            .unwrap_or_else(new_corr_id);
        let actor = event.identity.as_ref().map_or(Actor::Anonymous, Identity::actor);
        Ok(Call {
            parent: event.info.parent_type_name,
            field: event.info.field_name,
            caller: Caller { actor, corr_id },
            arguments: event.arguments,
        })
    }

    /// A call made by a test, or by one Lambda's code for another.
    pub fn new(parent: &str, field: &str, caller: Caller, arguments: Value) -> Call {
        Call { parent: parent.to_owned(), field: field.to_owned(), caller, arguments }
    }

    /// The arguments as a type. Error: `INPUT_INVALID`, naming what does not fit.
    pub fn args<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        // The parser names the field and the expectation; values of wrong type can be quoted, so only its kind is told.
        serde_json::from_value(self.arguments.clone()).map_err(|error| {
            let told = error.to_string();
            let problem = if told.contains("expected an id that starts with") {
                "an id has the wrong shape"
            } else if told.contains("a time range must end after it starts") {
                "a time range must end after it starts"
            } else {
                "an argument is missing or of the wrong type"
            };
            ApiError::new(
                "INPUT_INVALID",
                format!("The arguments are not valid: {problem}."),
                "Correct the arguments and send them again.",
            )
        })
    }

    /// The error for a field that this Lambda does not answer; a wiring mistake.
    pub fn unknown_field(&self) -> ApiError {
        ApiError::internal(format!("no resolver for {}.{}", self.parent, self.field))
    }
}

impl Identity {
    fn actor(&self) -> Actor {
        if let Some(sub) = self.sub {
            let groups = self.groups.iter().flatten();
            let roles = groups.filter_map(|group| Role::from_group(group)).collect();
            return Actor::User { user_id: UserId::from_uuid(sub), roles };
        }
        // A role of ours signs as itself; one lent to a visitor by an identity pool carries the pool's identity.
        match (&self.user_arn, &self.cognito_identity_id) {
            (Some(_), None) => Actor::System,
            (Some(_), Some(_)) | (None, _) => Actor::Anonymous,
        }
    }
}

/// What every resolver has besides its context's dependencies.
#[derive(Clone)]
pub struct Edge {
    /// Name of the binary.
    pub function: String,
    /// The clock by which requests are counted.
    pub clock: Arc<dyn Clock>,
    /// Publishes what mutations committed; a resolver that only reads is not let to the bus and has none.
    pub relay: Option<Relay>,
    /// Counts requests.
    pub rate_limit: Arc<dyn RateLimit>,
}

/// Answers one event.
pub async fn answer<D, F, Fut>(edge: &Edge, deps: D, handler: F, event: Value) -> Value
where
    F: Fn(D, Call) -> Fut,
    Fut: Future<Output = Result<Value, ApiError>>,
{
    let source_ip = client_address(&event);
    let (corr_id, result) = match Call::from_event(event) {
        Err(error) => (new_corr_id(), Err(error)),
        Ok(call) => {
            let (corr_id, field) = (call.caller.corr_id.clone(), call.field.clone());
            let invocation = Invocation::begin(&edge.function, &field, &corr_id);
            let result = match limited(edge, &call, &source_ip).await {
                Ok(()) => {
                    let writes = call.parent == "Mutation";
                    let result = handler(deps, call).await;
                    if let (true, Some(relay)) = (writes, &edge.relay) {
                        relay.flush().await;
                    }
                    result
                }
                Err(error) => Err(error),
            };
            invocation.end(&result);
            (corr_id, result)
        }
    };
    match result {
        Ok(data) => json!({ "data": data }),
        Err(error) => json!({ "error": {
            "code": error.code, "message": error.message, "hint": error.hint,
            "retryable": error.retryable, "corrId": corr_id, "details": error.details,
        }}),
    }
}

/// Address of the caller. AppSync has no identity for an API key; its edge appends the address that it saw and its own
/// to `x-forwarded-for`, so what a client wrote there itself stands before them and is not believed.
fn client_address(event: &Value) -> String {
    let identity = event["identity"]["sourceIp"][0].as_str();
    let forwarded = event["request"]["headers"]["x-forwarded-for"].as_str().unwrap_or_default();
    let hops: Vec<&str> = forwarded.split(',').map(str::trim).filter(|hop| !hop.is_empty()).collect();
    let seen_by_edge = hops.len().checked_sub(2).and_then(|i| hops.get(i)).or(hops.last()).copied();
    identity.or(seen_by_edge).unwrap_or("unknown").to_owned()
}

async fn limited(edge: &Edge, call: &Call, source_ip: &str) -> Result<(), ApiError> {
    let now = edge.clock.now();
    match &call.caller.actor {
        Actor::User { user_id, .. } => {
            edge.rate_limit.count(&user_id.to_string(), USER_REQUESTS_MAX, now).await
        }
        Actor::Anonymous => {
            edge.rate_limit.count(&format!("ip:{source_ip}"), ANONYMOUS_REQUESTS_MAX, now).await
        }
        Actor::System => Ok(()),
    }
}

/// Runs a resolver Lambda.
pub async fn run<D, F, Fut>(edge: Edge, deps: D, handler: F) -> Result<(), LambdaError>
where
    D: Clone,
    F: Fn(D, Call) -> Fut + Copy,
    Fut: Future<Output = Result<Value, ApiError>>,
{
    let (edge, deps) = (&edge, &deps);
    lambda_runtime::run(lambda_runtime::service_fn(move |event: LambdaEvent<Value>| async move {
        Ok::<Value, LambdaError>(answer(edge, deps.clone(), handler, event.payload).await)
    }))
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_the_client_claims_is_not_believed() {
        let event = |forwarded: &str| json!({ "request": { "headers": { "x-forwarded-for": forwarded } } });
        assert_eq!(client_address(&event("203.0.113.9, 198.51.100.7, 10.0.0.1")), "198.51.100.7");
        assert_eq!(client_address(&event("198.51.100.7, 10.0.0.1")), "198.51.100.7");
        assert_eq!(client_address(&event("198.51.100.7")), "198.51.100.7");
        assert_eq!(client_address(&json!({})), "unknown");
        assert_eq!(client_address(&json!({ "identity": { "sourceIp": ["192.0.2.1"] } })), "192.0.2.1");
    }

    #[test]
    fn a_role_of_ours_is_the_system_and_a_visitor_of_an_identity_pool_is_not() {
        let actor = |identity: Value| serde_json::from_value::<Identity>(identity).unwrap().actor();
        assert_eq!(actor(json!({ "userArn": "arn:aws:sts::1:assumed-role/a/b" })), Actor::System);
        let visitor =
            json!({ "userArn": "arn:aws:sts::1:assumed-role/v/v", "cognitoIdentityId": "us-east-1:1" });
        assert_eq!(actor(visitor), Actor::Anonymous);
        let user = json!({ "sub": "00000000-0000-0000-0000-000000000007", "groups": ["buyer", "other"] });
        assert!(actor(user).has(Role::Buyer));
    }

    #[test]
    fn an_argument_of_the_wrong_shape_is_refused_without_being_quoted() {
        let call = Call::new("Query", "order", Caller::system("c"), json!({ "lbgId": "drop table" }));
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Args {
            #[allow(dead_code)]
            lbg_id: rastup_types::LbgId,
        }
        let error = call.args::<Args>().unwrap_err();
        assert_eq!(error.code, "INPUT_INVALID");
        assert!(!error.message.contains("drop"), "{}", error.message);
    }
}
