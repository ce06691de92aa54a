//! §1.3.Y rows 20 and 21, §1.9.M row 5: the daily close, through `daily_close_job` and `finance_close_resolver`.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use finance::{
    Method,
    api::{CloseDeps, close_resolver, daily_close},
    gate, ledger,
};
use rastup_providers::stripe::{BalancePage, BalanceTransaction, BalanceTransactions, PaymentError};
use rastup_runtime::resolver::Call;
use rastup_store::{Caller, sqlx};
use rastup_testkit::{assert_outbox_matches_schemas, caller, system, user};
use rastup_types::{ApiError, Cents, Role};
use serde_json::{Value, json};

use crate::scene::Scene;

const ZONE: &str = "America/Chicago";
const DAY: &str = "2026-06-01";

/// What Stripe says moved, two at a time.
#[derive(Default)]
pub(crate) struct Movements(Mutex<(Vec<BalanceTransaction>, bool)>);

impl Movements {
    pub(crate) fn add(
        &self,
        kind: &str,
        source: &str,
        intent: Option<&str>,
        cents: (i64, i64),
        at: DateTime<Utc>,
    ) {
        let mut state = self.0.lock().unwrap();
        let id = format!("txn_{:04}", state.0.len());
        state.0.push(BalanceTransaction {
            id,
            kind: kind.to_owned(),
            amount: Cents(cents.0),
            fee: Cents(cents.1),
            source: Some(source.to_owned()),
            payment_intent: intent.map(str::to_owned),
            created: at,
        });
    }
    fn are_down(&self, down: bool) {
        self.0.lock().unwrap().1 = down;
    }
}

#[async_trait]
impl BalanceTransactions for Movements {
    async fn list(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        after: Option<&str>,
    ) -> Result<BalancePage, PaymentError> {
        let state = self.0.lock().unwrap();
        if state.1 {
            return Err(PaymentError::Unavailable("down".to_owned()));
        }
        let mut found: Vec<_> =
            state.0.iter().filter(|t| t.created >= from && t.created < until).rev().cloned().collect();
        if let Some(after) = after {
            found.retain(|txn| txn.id.as_str() < after);
        }
        Ok(BalancePage { more: found.len() > 2, transactions: found.into_iter().take(2).collect() })
    }
}

struct Close {
    scene: Scene,
    stripe: Arc<Movements>,
}

impl Close {
    /// An order paid by card and wallet on 1 June, told by Stripe as it is in our books, and it is the next day.
    async fn after_a_day() -> Close {
        let scene = Scene::with_wallet(Method::Card, 9_000, 7_000).await;
        let intent = scene.intent().await;
        scene.payments.buyer_pays(&intent.payment_intent_id);
        scene.refresh().await;
        scene.capture().await.unwrap();
        finance::saga::commit_tax(scene.store(), &system(), scene.lbg_id, scene.charge_id).await.unwrap();
        let stripe = Arc::new(Movements::default());
        let charge = scene.charge().await;
        let (ch, pi) = (charge.processor_charge_id.unwrap(), charge.payment_intent_id.unwrap());
        stripe.add("charge", &ch, Some(&pi), (charge.amount.0, 2_345), scene.store().now());
        scene.world.clock.advance(Duration::hours(24));
        Close { scene, stripe }
    }

    fn deps(&self) -> CloseDeps {
        let stripe: Arc<dyn BalanceTransactions> = self.stripe.clone();
        CloseDeps { store: self.scene.store().clone(), stripe, zone: ZONE.to_owned() }
    }

    async fn job(&self) -> Result<Value, ApiError> {
        daily_close(self.deps(), system()).await
    }

    async fn ask(&self, who: Caller, field: &str, args: Value) -> Result<Value, ApiError> {
        let parent = if field == "adminRecon" { "Query" } else { "Mutation" };
        close_resolver(self.deps(), Call::new(parent, field, who, args)).await
    }

    /// The same call by two people; the second answer.
    async fn by_two(&self, field: &str, args: Value) -> Result<Value, ApiError> {
        self.ask(ops(1), field, args.clone()).await?;
        self.ask(ops(2), field, args).await
    }

    async fn report(&self) -> Value {
        self.ask(ops(1), "adminRecon", json!({ "day": DAY })).await.unwrap()
    }

    async fn stopped(&self) -> bool {
        gate::payouts_stopped(&mut self.scene.store().unit(&system()).await.unwrap()).await.unwrap()
    }

    async fn events(&self) -> Vec<String> {
        let events = self.scene.events().await;
        let about = ["recon.", "finance.", "payouts.", "adjustment."];
        events.into_iter().filter(|name| about.iter().any(|prefix| name.starts_with(prefix))).collect()
    }
}

fn ops(number: u128) -> Caller {
    caller(user(500 + number), &[Role::FinanceOps])
}

fn day(reason: &str) -> Value {
    json!({ "day": DAY, "reason": reason })
}

#[tokio::test]
async fn daily_close_green() {
    let close = Close::after_a_day().await;
    assert_eq!(close.job().await.unwrap(), json!({ "green": 7, "red": 0 }));
    assert_eq!(close.job().await.unwrap(), json!({ "green": 0, "red": 0 }), "a green day is done");
    let report = close.report().await;
    assert_eq!((&report["status"], &report["variances"]), (&json!("GREEN"), &json!([])));
    assert_eq!(report["processorCents"], report["ledgerCents"]);
    let balances = close.scene.balances().await;
    assert_eq!(balances["Expense:PaymentProcessing"], 2_345);
    let net = close.scene.charge().await.amount.0 - 2_345;
    assert_eq!(balances["Cash:Stripe"], net, "charges are cash and Stripe's fees");
    assert_eq!(balances.values().sum::<i64>(), 0);

    assert_eq!(close.by_two("adminCloseDay", day("month end")).await.unwrap()["status"], "DONE");
    assert!(close.report().await["closed"].as_bool().unwrap());
    assert_eq!(close.ask(ops(1), "adminCloseDay", day("again")).await.unwrap_err().code, "WRONG_STATE");
    assert_outbox_matches_schemas(close.scene.store()).await;
}

#[tokio::test]
async fn an_injected_variance_pauses_payouts_until_an_adjustment_makes_it_green() {
    let close = Close::after_a_day().await;
    let at = close.scene.store().now() - Duration::hours(20);
    close.stripe.add("adjustment", "adj_1", None, (-777, 0), at);
    assert_eq!(close.job().await.unwrap()["red"], 1);
    assert!(close.stopped().await);
    let report = close.report().await;
    let variance = &report["variances"][0];
    assert_eq!((&variance["kind"], &variance["theirsCents"]), (&json!("MISSING_AT_OURS"), &json!(-777)));
    let refused = close.by_two("adminCloseDay", day("close it")).await.unwrap_err();
    assert_eq!(refused.code, "WRONG_STATE");

    let adjustment = json!({
        "adjustment": {
            "debitAccount": "Suspense:Reconciliation", "creditAccount": "Cash:Stripe", "amountCents": 777,
            "reference": variance["reference"], "linked": [variance["varianceId"]],
        },
        "reason": "Stripe took it by hand",
    });
    assert_eq!(
        close.ask(ops(1), "adminAdjust", adjustment.clone()).await.unwrap()["decision"]["status"],
        "WAITS"
    );
    let posted = close.ask(ops(2), "adminAdjust", adjustment).await.unwrap();
    assert_eq!(posted["decision"]["status"], "DONE");
    let replayed = close.ask(ops(1), "adminReplayRecon", day("after the correction")).await.unwrap();
    assert_eq!(replayed["status"], "GREEN");
    assert!(!close.stopped().await);
    close.by_two("adminCloseDay", day("green now")).await.unwrap();
    let events = close.events().await;
    for name in ["recon.variance.notice", "payouts.paused", "adjustment.created", "payouts.resumed"] {
        assert_eq!(events.iter().filter(|event| *event == name).count(), 1, "{name}");
    }
    assert_eq!(events.last().unwrap(), "finance.close.succeeded");
    assert_outbox_matches_schemas(close.scene.store()).await;
}

#[tokio::test]
async fn each_kind_of_difference_is_found() {
    let at = "2026-06-01T13:00:00Z".parse().unwrap();
    let kinds = |report: Value| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        report["variances"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| (text(&v["checked"]), text(&v["kind"])))
            .collect()
    };
    let found = |checked: &str, kind: &str| (checked.to_owned(), kind.to_owned());

    let close = Close::after_a_day().await;
    let charge = close.scene.charge().await;
    let (ch, pi) = (charge.processor_charge_id.unwrap(), charge.payment_intent_id.unwrap());
    close.stripe.add("charge", &ch, Some(&pi), (charge.amount.0, 0), at);
    close.job().await.unwrap();
    let seen = kinds(close.report().await);
    assert_eq!(seen.len(), 2);
    assert!(
        seen.contains(&found("cash", "AMOUNT_DIFFERS")) && seen.contains(&found("duplicate", "DUPLICATE"))
    );

    let close = Close::after_a_day().await;
    close.stripe.0.lock().unwrap().0.clear();
    close.job().await.unwrap();
    assert_eq!(kinds(close.report().await), [found("cash", "MISSING_AT_THEIRS")]);

    let close = Close::after_a_day().await;
    for (table, change, undo) in [
        (
            "tax_txn",
            "update finance.tax_txn set quote_cents = quote_cents + 100 where kind = 'service'",
            "tax",
        ),
        (
            "wallet_account",
            "update finance.wallet_account set balance_cents = balance_cents + 5000",
            "wallet",
        ),
    ] {
        sqlx::query(change).execute(close.scene.store().pool()).await.unwrap();
        close.ask(ops(1), "adminReplayRecon", day("look")).await.unwrap();
        let seen = kinds(close.report().await);
        assert!(seen.contains(&found(undo, "AMOUNT_DIFFERS")), "{table}: {seen:?}");
    }
}

#[tokio::test]
async fn a_payout_and_its_transfer_are_one_movement_and_a_red_day_keeps_others_from_leaving() {
    let close = Close::after_a_day().await;
    let at = close.scene.store().now() - Duration::hours(20);
    close.stripe.add("transfer", "tr_unknown", None, (-50_000, 0), at);
    close.job().await.unwrap();
    assert!(close.stopped().await);
    let mut unit = close.scene.store().unit(&system()).await.unwrap();
    let payout = finance::payouts::queue(&mut unit, close.scene.legs[0].leg_id).await.unwrap();
    unit.commit().await.unwrap();
    close.scene.world.clock.advance(Duration::days(3));
    let (store, payments) = (close.scene.store(), close.scene.payments.as_ref());
    let sent =
        finance::payouts::transfer(store, payments, &system(), close.scene.lbg_id, payout.payout_id).await;
    let refused = ApiError::from(sent.unwrap_err());
    assert_eq!((refused.code, refused.retryable), ("WRONG_STATE", true));
    assert!(close.scene.payments.transfers().is_empty());
}

#[tokio::test]
async fn a_quarantined_difference_does_not_count_while_it_is_the_same() {
    let close = Close::after_a_day().await;
    let at = close.scene.store().now() - Duration::hours(20);
    close.stripe.add("adjustment", "adj_1", None, (-90_000, 0), at);
    close.job().await.unwrap();
    let id = close.report().await["variances"][0]["varianceId"].clone();
    let args = json!({ "variance_id": id, "varianceId": id, "reason": "Stripe looks into it" });
    assert_eq!(close.by_two("adminQuarantineVariance", args).await.unwrap()["status"], "DONE");
    close.job().await.unwrap();
    assert_eq!(close.report().await["status"], "GREEN");
    close.stripe.add("adjustment", "adj_1", None, (-10_001, 0), at);
    let grown = close.ask(ops(1), "adminReplayRecon", day("it grew")).await.unwrap();
    assert_eq!(grown["status"], "RED");
}

#[tokio::test]
async fn a_closed_day_takes_corrections_only_and_can_be_reopened_with_a_reason() {
    let close = Close::after_a_day().await;
    close.job().await.unwrap();
    close.by_two("adminCloseDay", day("month end")).await.unwrap();
    let insert = |kind: &'static str| {
        sqlx::query(
            "insert into finance.gl_journal (journal_id, kind, source_id, occurred_at)
             values ('jrn_' || md5($1), $1, $1, timestamptz '2026-06-01 20:00:00+00')",
        )
        .bind(kind)
    };
    let refused = insert("tip").execute(close.scene.store().pool()).await.unwrap_err().to_string();
    assert!(refused.contains("is closed"), "{refused}");
    let unbalanced = insert("adjustment").execute(close.scene.store().pool()).await.unwrap_err().to_string();
    assert!(unbalanced.contains("debits"), "let in, then refused for its sums: {unbalanced}");
    assert_eq!(close.by_two("adminReopenDay", day("late invoice")).await.unwrap()["status"], "DONE");
    let unbalanced = insert("tip").execute(close.scene.store().pool()).await.unwrap_err().to_string();
    assert!(unbalanced.contains("debits"), "{unbalanced}");
}

#[tokio::test]
async fn an_undone_capture_agrees_with_its_refund_at_stripe() {
    let close = Close::after_a_day().await;
    close.job().await.unwrap();
    close.scene.undo_capture().await.unwrap();
    let (refund,): (String,) = sqlx::query_as("select distinct processor_refund from finance.refund")
        .fetch_one(close.scene.store().pool())
        .await
        .unwrap();
    let taken = close.scene.charge().await.amount.0;
    close.stripe.add("refund", &refund, None, (-taken, 0), close.scene.store().now());
    close.scene.world.clock.advance(Duration::hours(24));
    assert_eq!(close.job().await.unwrap(), json!({ "green": 1, "red": 0 }));
}

#[tokio::test]
async fn a_day_that_stripe_does_not_tell_of_fails_and_is_compared_later() {
    let close = Close::after_a_day().await;
    close.stripe.are_down(true);
    assert_eq!(close.job().await.unwrap_err().code, "TRANSIENT");
    assert_eq!(close.report().await["status"], "FAILED");
    close.stripe.are_down(false);
    assert_eq!(close.job().await.unwrap()["green"], 7);
    assert_outbox_matches_schemas(close.scene.store()).await;
}

#[tokio::test]
async fn strangers_days_to_come_and_wrong_corrections_are_refused() {
    let close = Close::after_a_day().await;
    let stranger = caller(user(9), &[Role::Support]);
    for (field, args) in [
        ("adminRecon", json!({ "day": DAY })),
        ("adminReplayRecon", day("x")),
        ("adminCloseDay", day("x")),
        ("adminReopenDay", day("x")),
        (
            "adminQuarantineVariance",
            json!({ "varianceId": "vrn_00000000000000000000000000000001", "reason": "x" }),
        ),
    ] {
        assert_eq!(close.ask(stranger.clone(), field, args).await.unwrap_err().code, "FORBIDDEN", "{field}");
    }
    let today = json!({ "day": "2026-06-02", "reason": "x" });
    assert_eq!(close.ask(ops(1), "adminCloseDay", today.clone()).await.unwrap_err().code, "WRONG_STATE");
    assert_eq!(close.ask(ops(1), "adminReplayRecon", today).await.unwrap_err().code, "WRONG_STATE");
    let mars = json!({ "day": DAY, "timeZone": "Mars/Olympus" });
    assert_eq!(close.ask(ops(1), "adminRecon", mars).await.unwrap_err().code, "INPUT_INVALID");
    for (debit, credit, cents) in [
        ("Cash:Stripe", "Cash:Stripe", 1),
        ("Cash:Stripe", "Cash:Mattress", 1),
        ("Cash:Stripe", "Suspense:Reconciliation", 0),
    ] {
        let args = json!({
            "adjustment": { "debitAccount": debit, "creditAccount": credit, "amountCents": cents },
            "reason": "x",
        });
        assert_eq!(close.ask(ops(1), "adminAdjust", args).await.unwrap_err().code, "INPUT_INVALID");
    }
}

#[tokio::test]
async fn the_chart_in_the_database_is_the_chart_in_the_code() {
    let close = Close::after_a_day().await;
    let rows: Vec<(String,)> = sqlx::query_as("select account from finance.gl_account order by account")
        .fetch_all(close.scene.store().pool())
        .await
        .unwrap();
    let mut names: Vec<&str> = ledger::Account::ALL.iter().map(|account| account.name()).collect();
    names.sort_unstable();
    let stored: Vec<String> = rows.into_iter().map(|(name,)| name).collect();
    assert_eq!(stored.len(), names.len());
    assert!(names.iter().all(|name| stored.iter().any(|stored| stored == name)));
}
