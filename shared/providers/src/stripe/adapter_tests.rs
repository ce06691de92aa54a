//! The adapter against a server that answers what a test says, and keeps what it was asked: each request to the letter.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpListener,
    thread::JoinHandle,
};

use rastup_types::{Cents, Currency};

use super::*;

const INTENT: &str = r#"{"id":"pi_1","object":"payment_intent","status":"requires_capture","amount":5000,
    "amount_received":0,"client_secret":"pi_1_secret_a","latest_charge":"ch_1","payment_method":{"id":"pm_1"},
    "last_payment_error":null,"metadata":{"charge_id":"chg_1"},"a_field_of_tomorrow":{"x":1}}"#;
const SETUP: &str = r#"{"id":"seti_1","status":"succeeded","client_secret":"s","payment_method":"pm_1"}"#;

/// Answers one request with a status and a body; gives back the request's head in lower case and its form.
fn server(status: &'static str, body: &'static str) -> (Stripe, JoinHandle<(String, Vec<String>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut asked, mut chunk) = (Vec::new(), [0; 4096]);
        loop {
            let read = stream.read(&mut chunk).unwrap();
            asked.extend_from_slice(&chunk[..read]);
            let text = String::from_utf8_lossy(&asked).into_owned();
            let Some((head, content)) = text.split_once("\r\n\r\n") else { continue };
            let head = head.to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if content.len() >= length.unwrap_or(0usize) {
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
                stream.write_all(answer.as_bytes()).unwrap();
                let mut form: Vec<String> = content.split('&').map(str::to_owned).collect();
                form.sort();
                return (head, form);
            }
        }
    });
    let secret = StripeSecret { secret_key: "sk_test_1".to_owned(), publishable_key: "pk_test_1".to_owned() };
    (Stripe::new(&url, &secret).unwrap(), asked)
}

fn metadata() -> BTreeMap<String, String> {
    BTreeMap::from([("lbg_id".to_owned(), "lbg_1".to_owned())])
}

fn new_intent(method: PaymentMethod) -> NewPaymentIntent {
    NewPaymentIntent {
        amount: Cents(5_000),
        currency: Currency::USD,
        customer: "cus_1".to_owned(),
        method,
        transfer_group: "lbg_1".to_owned(),
        metadata: metadata(),
    }
}

#[tokio::test]
async fn a_call_carries_version_key_and_secret() {
    let (stripe, asked) = server("200 OK", INTENT);
    let intent =
        stripe.create_payment_intent("intent:chg_1", &new_intent(PaymentMethod::Card)).await.unwrap();
    assert_eq!(intent.status, IntentStatus::RequiresCapture);
    assert_eq!(intent.latest_charge.as_deref(), Some("ch_1"));
    assert_eq!(intent.payment_method.as_deref(), Some("pm_1"));
    assert_eq!(intent.metadata["charge_id"], "chg_1");
    let (head, form) = asked.join().unwrap();
    assert!(head.starts_with("post /v1/payment_intents http/1.1"), "{head}");
    for header in [
        "authorization: bearer sk_test_1",
        "stripe-version: 2026-10-28.endive",
        "idempotency-key: intent:chg_1",
        "content-type: application/x-www-form-urlencoded",
    ] {
        assert!(head.lines().any(|line| line == header), "{header} is missing in {head}");
    }
    assert_eq!(
        form,
        [
            "allowed_payment_method_types[0]=card",
            "amount=5000",
            "capture_method=manual",
            "currency=usd",
            "customer=cus_1",
            "metadata[lbg_id]=lbg_1",
            "transfer_group=lbg_1"
        ]
    );
}

#[tokio::test]
async fn a_bank_debit_is_taken_without_a_capture() {
    let (stripe, asked) = server("200 OK", INTENT);
    stripe.create_payment_intent("k", &new_intent(PaymentMethod::AchDebit)).await.unwrap();
    let (_, form) = asked.join().unwrap();
    assert!(form.contains(&"allowed_payment_method_types[0]=us_bank_account".to_owned()), "{form:?}");
    assert!(form.contains(&"capture_method=automatic".to_owned()), "{form:?}");
}

#[tokio::test]
async fn a_read_sends_no_key() {
    let (stripe, asked) = server("200 OK", INTENT);
    stripe.payment_intent("pi_1").await.unwrap();
    let (head, form) = asked.join().unwrap();
    assert!(head.starts_with("get /v1/payment_intents/pi_1 http/1.1"), "{head}");
    assert!(!head.contains("idempotency-key"), "{head}");
    assert_eq!(form, [""]);
}

#[tokio::test]
async fn capture_cancel_refund_and_transfer_send_what_they_say() {
    let (stripe, asked) = server("200 OK", INTENT);
    stripe.capture("k", "pi_1", Cents(5_000)).await.unwrap();
    let (head, form) = asked.join().unwrap();
    assert!(head.starts_with("post /v1/payment_intents/pi_1/capture "), "{head}");
    assert_eq!(form, ["amount_to_capture=5000"]);

    let (stripe, asked) = server("200 OK", INTENT);
    stripe.cancel("k", "pi_1").await.unwrap();
    let (head, form) = asked.join().unwrap();
    assert!(head.starts_with("post /v1/payment_intents/pi_1/cancel "), "{head}");
    assert_eq!(form, [""]);

    let (stripe, asked) = server("200 OK", r#"{"id":"re_1","status":"pending"}"#);
    let refund = stripe.refund("k", "pi_1", Cents(5_000), metadata()).await.unwrap();
    assert_eq!(refund, Refund { id: "re_1".to_owned(), status: RefundStatus::Pending });
    let (head, form) = asked.join().unwrap();
    assert!(head.starts_with("post /v1/refunds "), "{head}");
    assert_eq!(form, ["amount=5000", "metadata[lbg_id]=lbg_1", "payment_intent=pi_1"]);

    let (stripe, asked) = server("200 OK", r#"{"id":"tr_1"}"#);
    let new = NewTransfer {
        amount: Cents(4_000),
        currency: Currency::USD,
        destination: "acct_1".to_owned(),
        transfer_group: "lbg_1".to_owned(),
        source_transaction: Some("ch_1".to_owned()),
        metadata: metadata(),
    };
    assert_eq!(stripe.transfer("k", &new).await.unwrap(), "tr_1");
    let (head, form) = asked.join().unwrap();
    assert!(head.starts_with("post /v1/transfers "), "{head}");
    assert_eq!(
        form,
        [
            "amount=4000",
            "currency=usd",
            "destination=acct_1",
            "metadata[lbg_id]=lbg_1",
            "source_transaction=ch_1",
            "transfer_group=lbg_1"
        ]
    );
}

#[tokio::test]
async fn the_refunds_of_a_payment_are_read_by_it() {
    let (stripe, asked) = server(
        "200 OK",
        r#"{"object":"list","has_more":false,"data":[
            {"id":"re_2","status":"failed","amount":5000,"metadata":{"charge_id":"chg_1"},"charge":"ch_1"},
            {"id":"re_1","status":null,"amount":100,"metadata":null}]}"#,
    );
    let refunds = stripe.refunds("pi_1").await.unwrap();
    let (head, form) = asked.join().unwrap();
    assert!(head.starts_with("get /v1/refunds?limit=100&payment_intent=pi_1 http/1.1"), "{head}");
    assert!(!head.contains("idempotency-key"), "{head}");
    assert_eq!(form, [""]);
    let listed = |id: &str, status, amount, metadata| ListedRefund {
        refund: Refund { id: id.to_owned(), status },
        amount: Cents(amount),
        metadata,
    };
    let ours = BTreeMap::from([("charge_id".to_owned(), "chg_1".to_owned())]);
    assert_eq!(
        refunds,
        [
            listed("re_2", RefundStatus::Failed, 5_000, ours),
            listed("re_1", RefundStatus::Pending, 100, BTreeMap::new())
        ]
    );
}

#[tokio::test]
async fn a_saved_card_and_a_hold_on_it_send_what_they_say() {
    let (stripe, asked) = server("200 OK", SETUP);
    let setup = stripe.create_setup_intent("k", "cus_1", metadata()).await.unwrap();
    assert!(setup.succeeded);
    let (head, form) = asked.join().unwrap();
    assert!(head.starts_with("post /v1/setup_intents "), "{head}");
    assert_eq!(
        form,
        [
            "allowed_payment_method_types[0]=card",
            "customer=cus_1",
            "metadata[lbg_id]=lbg_1",
            "usage=off_session"
        ]
    );

    let (stripe, asked) = server("200 OK", INTENT);
    let new = NewHold {
        amount: Cents(30_000),
        currency: Currency::USD,
        customer: "cus_1".to_owned(),
        payment_method: "pm_1".to_owned(),
        metadata: metadata(),
    };
    stripe.place_hold("k", &new).await.unwrap();
    let (_, form) = asked.join().unwrap();
    assert_eq!(
        form,
        [
            "allowed_payment_method_types[0]=card",
            "amount=30000",
            "capture_method=manual",
            "confirm=true",
            "currency=usd",
            "customer=cus_1",
            "metadata[lbg_id]=lbg_1",
            "off_session=true",
            "payment_method=pm_1"
        ]
    );
}

#[tokio::test]
async fn an_answer_that_decides_nothing_is_no_answer() {
    for (status, body) in [
        ("500 Internal Server Error", r#"{"error":{"type":"api_error"}}"#),
        ("502 Bad Gateway", "<html>"),
        ("200 OK", "{}"),
        ("400 Bad Request", "not json"),
    ] {
        let (stripe, asked) = server(status, body);
        let error = stripe.payment_intent("pi_1").await.unwrap_err();
        asked.join().unwrap();
        assert!(matches!(error, PaymentError::Unavailable(_)), "{status} {body}: {error:?}");
    }
    let secret = StripeSecret { secret_key: "sk_test_1".to_owned(), publishable_key: "pk_test_1".to_owned() };
    let nobody = Stripe::new("http://127.0.0.1:1", &secret).unwrap();
    let error = nobody.payment_intent("pi_1").await.unwrap_err();
    assert!(matches!(error, PaymentError::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn a_refusal_keeps_its_code_and_drops_its_message() {
    let body = r#"{"error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds",
        "message":"Your card ending in 4242 has insufficient funds."}}"#;
    let (stripe, asked) = server("402 Payment Required", body);
    let error = stripe.capture("k", "pi_1", Cents(1)).await.unwrap_err();
    asked.join().unwrap();
    assert_eq!(error, PaymentError::Declined { code: "insufficient_funds".to_owned() });
    assert!(!error.to_string().contains("4242"));
}

#[test]
fn a_client_secret_is_not_shown_by_debug() {
    let intent = PaymentIntent {
        id: "pi_1".to_owned(),
        status: IntentStatus::RequiresAction,
        amount: Cents(1),
        amount_received: Cents(0),
        client_secret: Some("pi_1_secret_a".to_owned()),
        latest_charge: None,
        payment_method: None,
        last_error_code: None,
        metadata: BTreeMap::new(),
    };
    assert!(!format!("{intent:?}").contains("secret_a"));
}
