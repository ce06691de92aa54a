//! Actions of staff that need two people, for `admin_approval` of the shared store.

#![allow(clippy::unwrap_used, reason = "a test ends where its fixture breaks")]

use rastup_store::{
    Caller,
    approval::{Approval, Asked, second_person},
};
use rastup_testkit::{World, caller, user};
use rastup_types::Role;

fn staff(n: u128) -> Caller {
    caller(user(n), &[Role::FinanceOps])
}

async fn ask(
    world: &World,
    caller: &Caller,
    amount: i64,
    reason: &str,
) -> Result<Approval, rastup_types::ApiError> {
    let mut unit = world.store.unit(caller).await.unwrap();
    let payload = serde_json::json!({ "amountCents": amount });
    let asked = Asked { operation: "adminRefund", target: "lbg_1", payload: &payload, reason };
    let answer = second_person(&mut unit, asked).await;
    if answer.is_ok() {
        unit.commit().await.unwrap();
    }
    answer
}

#[tokio::test]
async fn the_same_action_by_another_person_is_approved_once() {
    let world = World::new().await;
    let Approval::Waits { approval_id, .. } = ask(&world, &staff(1), 100, "goodwill").await.unwrap() else {
        panic!("the first person only asks");
    };
    let again = ask(&world, &staff(1), 100, "goodwill").await.unwrap();
    assert!(
        matches!(again, Approval::Waits { approval_id: same, .. } if same == approval_id),
        "one person is not two"
    );
    let given = ask(&world, &staff(2), 100, "checked").await.unwrap();
    assert_eq!(given, Approval::Given { approval_id, requested_by: user(1), reason: "goodwill".to_owned() });
    assert!(matches!(ask(&world, &staff(2), 100, "again").await.unwrap(), Approval::Waits { .. }), "used up");
}

#[tokio::test]
async fn another_amount_is_another_action() {
    let world = World::new().await;
    ask(&world, &staff(1), 100, "goodwill").await.unwrap();
    assert!(matches!(ask(&world, &staff(2), 101, "goodwill").await.unwrap(), Approval::Waits { .. }));
}

#[tokio::test]
async fn a_request_that_waited_too_long_is_asked_for_again() {
    let world = World::new().await;
    ask(&world, &staff(1), 100, "goodwill").await.unwrap();
    world.clock.advance(chrono::Duration::hours(73));
    assert!(matches!(ask(&world, &staff(2), 100, "late").await.unwrap(), Approval::Waits { .. }));
}

#[tokio::test]
async fn an_action_without_a_reason_or_a_person_is_refused() {
    let world = World::new().await;
    assert_eq!(ask(&world, &staff(1), 100, "  ").await.unwrap_err().code, "INPUT_INVALID");
    assert_eq!(ask(&world, &Caller::system("job"), 100, "why").await.unwrap_err().code, "FORBIDDEN");
}
