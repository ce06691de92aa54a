//! §1.9.M rows 4, 6 and 7: exports, reports and statements, through `finance_exports_resolver` and `statement_job`.

use std::sync::Arc;

use chrono::Duration;
use finance::{
    Method,
    api::{ExportDeps, exports_resolver, make_statements},
};
use rastup_runtime::resolver::Call;
use rastup_store::{Caller, sqlx};
use rastup_testkit::{assert_outbox_matches_schemas, caller, system, user};
use rastup_types::{ApiError, Role};
use serde_json::{Value, json};

use crate::{
    receipts::Bucket,
    scene::{Scene, buyer, photographer},
};

fn ops() -> Caller {
    caller(user(80), &[Role::FinanceOps])
}

struct Books {
    scene: Scene,
    bucket: Arc<Bucket>,
}

impl Books {
    /// An order paid in June by card and wallet, its tax committed and its first leg paid out.
    async fn of_june() -> Books {
        let scene = Scene::with_wallet(Method::Card, 5_000, 5_000).await;
        let intent = scene.intent().await;
        scene.payments.buyer_pays(&intent.payment_intent_id);
        scene.refresh().await;
        scene.capture().await.unwrap();
        finance::saga::commit_tax(scene.store(), &system(), scene.lbg_id, scene.charge_id).await.unwrap();
        sqlx::query("insert into finance.connect_account (seller_user_id, account_id) values ($1, 'acct_1')")
            .bind(photographer())
            .execute(scene.store().pool())
            .await
            .unwrap();
        let mut unit = scene.store().unit(&system()).await.unwrap();
        let payout = finance::payouts::queue(&mut unit, scene.legs[0].leg_id).await.unwrap();
        unit.commit().await.unwrap();
        scene.world.clock.advance(Duration::days(3));
        let (store, payments) = (scene.store(), scene.payments.as_ref());
        finance::payouts::transfer(store, payments, &system(), scene.lbg_id, payout.payout_id).await.unwrap();
        Books { scene, bucket: Arc::new(Bucket::default()) }
    }

    fn deps(&self) -> ExportDeps {
        ExportDeps { store: self.scene.store().clone(), objects: self.bucket.clone() }
    }

    async fn ask(&self, who: Caller, parent: &str, field: &str, args: Value) -> Result<Value, ApiError> {
        exports_resolver(self.deps(), Call::new(parent, field, who, args)).await
    }

    fn object(&self, end: &str) -> Vec<u8> {
        let objects = self.bucket.0.lock().unwrap();
        objects.iter().find(|(key, _)| key.ends_with(end)).map(|(_, bytes)| bytes.clone()).unwrap()
    }
}

fn june() -> Value {
    json!({ "from": "2026-06-01", "to": "2026-06-30", "reason": "month end" })
}

#[tokio::test]
async fn the_ledger_is_exported_line_by_line_and_the_trial_balance_is_nothing() {
    let books = Books::of_june().await;
    let export = books.ask(ops(), "Mutation", "adminGlExport", june()).await.unwrap();
    let text = String::from_utf8(books.object(".csv")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len() as i64 - 1, export["lines"].as_i64().unwrap());
    let column = |index: usize| -> i64 {
        lines[1..].iter().map(|line| line.split(',').nth(index).unwrap().parse::<i64>().unwrap()).sum()
    };
    assert_eq!(column(4), column(5), "debits are credits");
    assert_eq!(export["urls"].as_array().unwrap().len(), 1);
    let balance = books.ask(ops(), "Query", "adminTrialBalance", json!({})).await.unwrap();
    let accounts = balance["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), 18, "accounts of nothing, too");
    assert_eq!(accounts.iter().map(|account| account["cents"].as_i64().unwrap()).sum::<i64>(), 0);
    let cash = accounts.iter().find(|account| account["account"] == "Cash:Stripe").unwrap();
    assert_eq!(cash["cents"], books.scene.payments.balance().0);
    let before =
        books.ask(ops(), "Query", "adminTrialBalance", json!({ "at": "2026-05-01T00:00:00Z" })).await;
    assert!(before.unwrap()["accounts"].as_array().unwrap().iter().all(|account| account["cents"] == 0));
    assert_outbox_matches_schemas(books.scene.store()).await;
}

#[tokio::test]
async fn the_tax_report_adds_up_to_what_was_charged_for_tax() {
    let books = Books::of_june().await;
    let report = books.ask(ops(), "Query", "adminTaxReport", june()).await.unwrap();
    let rows = report.as_array().unwrap();
    assert!(rows.iter().all(|row| row["city"] == "houston"));
    let of = |kind: &str| -> i64 {
        rows.iter().filter(|row| row["kind"] == kind).map(|row| row["taxCents"].as_i64().unwrap()).sum()
    };
    let legs = &books.scene.legs;
    assert_eq!(of("SERVICE"), legs.iter().map(|leg| leg.price.service_tax.0).sum::<i64>());
    assert_eq!(of("PLATFORM_FEE"), legs.iter().map(|leg| leg.price.platform_fee_tax.0).sum::<i64>());
    let seller = rows.iter().filter(|row| row["kind"] == "SERVICE").all(|row| row["remitter"] == "SELLER");
    assert!(seller);
}

#[tokio::test]
async fn statements_of_a_period_tie_to_charges_and_payouts_and_are_made_once() {
    let books = Books::of_june().await;
    assert_eq!(make_statements(books.deps(), system()).await.unwrap()["made"], 0, "June is not over");
    books.scene.world.clock.advance(Duration::days(30));
    assert_eq!(make_statements(books.deps(), system()).await.unwrap()["made"], 2);
    assert_eq!(make_statements(books.deps(), system()).await.unwrap()["made"], 0);
    let of = |who| books.ask(caller(who, &[]), "Query", "myStatements", json!({ "period": "2026-06" }));
    let buyers = of(buyer()).await.unwrap();
    assert_eq!(buyers.as_array().unwrap().len(), 2, "CSV and PDF");
    assert_eq!(buyers[0]["totalCents"], json!(books.scene.charge().await.amount));
    let sellers = of(photographer()).await.unwrap();
    let price = &books.scene.legs[0].price;
    assert_eq!(sellers[1]["totalCents"], json!(price.subtotal + price.service_tax));
    assert_eq!((&sellers[1]["format"], &sellers[1]["kind"]), (&json!("PDF"), &json!("SELLER")));
    assert!(books.object(".pdf").starts_with(b"%PDF-"));
    assert_eq!(of(user(99)).await.unwrap(), json!([]));
    let wrong = books.ask(ops(), "Query", "myStatements", json!({ "period": "June" })).await;
    assert_eq!(wrong.unwrap_err().code, "INPUT_INVALID");
}

#[tokio::test]
async fn a_buyer_sees_their_charges_and_nobody_elses() {
    let books = Books::of_june().await;
    let args = json!({ "from": "2026-06-01", "to": "2026-06-01" });
    let mine = books.ask(caller(buyer(), &[]), "Query", "myCharges", args.clone()).await.unwrap();
    assert_eq!(mine[0]["amountCents"], json!(books.scene.charge().await.amount));
    assert_eq!(mine[0]["method"], "CARD");
    let other = books.ask(caller(user(99), &[]), "Query", "myCharges", args).await.unwrap();
    assert_eq!(other, json!([]));
}

#[tokio::test]
async fn ranges_that_are_too_large_and_strangers_are_refused() {
    let books = Books::of_june().await;
    let long = json!({ "from": "2026-01-01", "to": "2026-02-01", "reason": "all of it" });
    let export = books.ask(ops(), "Mutation", "adminGlExport", long).await;
    assert_eq!(export.unwrap_err().code, "GL_EXPORT_RANGE_TOO_LARGE");
    let long = json!({ "from": "2025-01-01", "to": "2026-01-02" });
    for field in ["adminTaxReport", "myCharges"] {
        let answer = books.ask(ops(), "Query", field, long.clone()).await;
        assert_eq!(answer.unwrap_err().code, "GL_EXPORT_RANGE_TOO_LARGE", "{field}");
    }
    let backwards = json!({ "from": "2026-06-02", "to": "2026-06-01", "reason": "x" });
    let export = books.ask(ops(), "Mutation", "adminGlExport", backwards).await;
    assert_eq!(export.unwrap_err().code, "INPUT_INVALID");
    let support = caller(user(9), &[Role::Support]);
    for (parent, field) in
        [("Mutation", "adminGlExport"), ("Query", "adminTaxReport"), ("Query", "adminTrialBalance")]
    {
        let answer = books.ask(support.clone(), parent, field, june()).await;
        assert_eq!(answer.unwrap_err().code, "FORBIDDEN", "{field}");
    }
}
