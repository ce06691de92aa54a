//! Stripe behind the [`Payments`] trait: each method is one request, mapped one to one. Retries are the caller's matter.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use rastup_types::{Cents, Currency};
use serde::Deserialize;
use stripe_connect::transfer::CreateTransfer;
use stripe_core::{
    PaymentIntentAllowedPaymentMethodTypes, PaymentIntentCaptureMethod, SetupIntentAllowedPaymentMethodTypes,
    customer::CreateCustomer,
    payment_intent::{
        CancelPaymentIntent, CapturePaymentIntent, CreatePaymentIntent, CreatePaymentIntentOffSession,
        RetrievePaymentIntent,
    },
    refund::{CreateRefund, ListRefund},
    setup_intent::{CreateSetupIntent, CreateSetupIntentUsage, RetrieveSetupIntent},
};

use super::{
    IntentStatus, ListedRefund, NewHold, NewPaymentIntent, NewTransfer, PaymentError, PaymentIntent,
    PaymentMethod, Payments, Refund, RefundStatus, SetupIntent,
    transport::{IdView, Reference, Transport, reason, wire},
};

/// The account's keys, as the secret store keeps them.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StripeSecret {
    /// `sk_…`; acts for the account.
    pub secret_key: String,
    /// `pk_…`; public, handed to clients.
    pub publishable_key: String,
}

/// Stripe's API for one account.
pub struct Stripe {
    transport: Transport,
}

impl Stripe {
    /// A client for the API at `api_url`; nothing is sent yet.
    pub fn new(api_url: &str, secret: &StripeSecret) -> Result<Stripe, PaymentError> {
        Ok(Stripe { transport: Transport::new(api_url, secret.secret_key.clone())? })
    }

    /// The wire, for requests that live beside this file.
    pub(super) fn transport(&self) -> &Transport {
        &self.transport
    }
}

#[derive(Deserialize)]
struct IntentView {
    id: String,
    status: IntentStatus,
    amount: i64,
    amount_received: i64,
    client_secret: Option<String>,
    latest_charge: Option<Reference>,
    payment_method: Option<Reference>,
    last_payment_error: Option<LastError>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct LastError {
    code: Option<String>,
    decline_code: Option<String>,
}

#[derive(Deserialize)]
struct SetupView {
    id: String,
    status: String,
    client_secret: Option<String>,
    payment_method: Option<Reference>,
}

#[derive(Deserialize)]
struct RefundView {
    id: String,
    status: Option<String>,
}

#[derive(Deserialize)]
struct ListedRefundView {
    #[serde(flatten)]
    refund: RefundView,
    amount: i64,
    metadata: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Page<V> {
    data: Vec<V>,
}

impl From<IntentView> for PaymentIntent {
    fn from(view: IntentView) -> PaymentIntent {
        PaymentIntent {
            id: view.id,
            status: view.status,
            amount: Cents(view.amount),
            amount_received: Cents(view.amount_received),
            client_secret: view.client_secret,
            latest_charge: view.latest_charge.map(Reference::into_id),
            payment_method: view.payment_method.map(Reference::into_id),
            last_error_code: view
                .last_payment_error
                .and_then(|error| error.code.map(|code| reason(code, error.decline_code))),
            metadata: view.metadata,
        }
    }
}

impl From<SetupView> for SetupIntent {
    fn from(view: SetupView) -> SetupIntent {
        SetupIntent {
            id: view.id,
            succeeded: view.status == "succeeded",
            payment_method: view.payment_method.map(Reference::into_id),
            client_secret: view.client_secret,
        }
    }
}

impl From<RefundView> for Refund {
    fn from(view: RefundView) -> Refund {
        let status = view.status.as_deref().map_or(RefundStatus::Pending, RefundStatus::from_name);
        Refund { id: view.id, status }
    }
}

impl From<ListedRefundView> for ListedRefund {
    fn from(view: ListedRefundView) -> ListedRefund {
        ListedRefund {
            refund: view.refund.into(),
            amount: Cents(view.amount),
            metadata: view.metadata.unwrap_or_default(),
        }
    }
}

fn currency(currency: Currency) -> stripe_types::Currency {
    match currency {
        Currency::USD => stripe_types::Currency::USD,
    }
}

fn map(metadata: BTreeMap<String, String>) -> HashMap<String, String> {
    metadata.into_iter().collect()
}

#[async_trait]
impl Payments for Stripe {
    async fn create_customer(
        &self,
        key: &str,
        metadata: BTreeMap<String, String>,
    ) -> Result<String, PaymentError> {
        let request = CreateCustomer::new().metadata(map(metadata));
        self.transport.send::<IdView>(&request, Some(key)).await.map(|customer| customer.id)
    }

    async fn create_payment_intent(
        &self,
        key: &str,
        new: &NewPaymentIntent,
    ) -> Result<PaymentIntent, PaymentError> {
        let (allowed, capture) = match new.method {
            PaymentMethod::Card => {
                (PaymentIntentAllowedPaymentMethodTypes::Card, PaymentIntentCaptureMethod::Manual)
            }
            // A bank debit cannot be authorised only.
            PaymentMethod::AchDebit => {
                (PaymentIntentAllowedPaymentMethodTypes::UsBankAccount, PaymentIntentCaptureMethod::Automatic)
            }
        };
        let request = CreatePaymentIntent::new(wire(new.amount), currency(new.currency))
            .customer(&new.customer)
            .allowed_payment_method_types(vec![allowed])
            .capture_method(capture)
            .transfer_group(&new.transfer_group)
            .metadata(map(new.metadata.clone()));
        self.transport.send::<IntentView>(&request, Some(key)).await.map(Into::into)
    }

    async fn payment_intent(&self, id: &str) -> Result<PaymentIntent, PaymentError> {
        let request = RetrievePaymentIntent::new(id);
        self.transport.send::<IntentView>(&request, None).await.map(Into::into)
    }

    async fn capture(&self, key: &str, id: &str, amount: Cents) -> Result<PaymentIntent, PaymentError> {
        let request = CapturePaymentIntent::new(id).amount_to_capture(wire(amount));
        self.transport.send::<IntentView>(&request, Some(key)).await.map(Into::into)
    }

    async fn cancel(&self, key: &str, id: &str) -> Result<PaymentIntent, PaymentError> {
        let request = CancelPaymentIntent::new(id);
        self.transport.send::<IntentView>(&request, Some(key)).await.map(Into::into)
    }

    async fn create_setup_intent(
        &self,
        key: &str,
        customer: &str,
        metadata: BTreeMap<String, String>,
    ) -> Result<SetupIntent, PaymentError> {
        let request = CreateSetupIntent::new()
            .customer(customer)
            .allowed_payment_method_types(vec![SetupIntentAllowedPaymentMethodTypes::Card])
            .usage(CreateSetupIntentUsage::OffSession)
            .metadata(map(metadata));
        self.transport.send::<SetupView>(&request, Some(key)).await.map(Into::into)
    }

    async fn setup_intent(&self, id: &str) -> Result<SetupIntent, PaymentError> {
        let request = RetrieveSetupIntent::new(id);
        self.transport.send::<SetupView>(&request, None).await.map(Into::into)
    }

    async fn place_hold(&self, key: &str, new: &NewHold) -> Result<PaymentIntent, PaymentError> {
        let request = CreatePaymentIntent::new(wire(new.amount), currency(new.currency))
            .customer(&new.customer)
            .payment_method(&new.payment_method)
            .allowed_payment_method_types(vec![PaymentIntentAllowedPaymentMethodTypes::Card])
            .capture_method(PaymentIntentCaptureMethod::Manual)
            .off_session(CreatePaymentIntentOffSession::Bool(true))
            .confirm(true)
            .metadata(map(new.metadata.clone()));
        self.transport.send::<IntentView>(&request, Some(key)).await.map(Into::into)
    }

    async fn refund(
        &self,
        key: &str,
        payment_intent: &str,
        amount: Cents,
        metadata: BTreeMap<String, String>,
    ) -> Result<Refund, PaymentError> {
        let request =
            CreateRefund::new().payment_intent(payment_intent).amount(wire(amount)).metadata(map(metadata));
        self.transport.send::<RefundView>(&request, Some(key)).await.map(Into::into)
    }

    async fn refunds(&self, payment_intent: &str) -> Result<Vec<ListedRefund>, PaymentError> {
        let request = ListRefund::new().payment_intent(payment_intent).limit(100);
        let page = self.transport.send::<Page<ListedRefundView>>(&request, None).await?;
        Ok(page.data.into_iter().map(Into::into).collect())
    }

    async fn transfer(&self, key: &str, new: &NewTransfer) -> Result<String, PaymentError> {
        let mut request = CreateTransfer::new(currency(new.currency), &new.destination)
            .amount(wire(new.amount))
            .transfer_group(&new.transfer_group)
            .metadata(map(new.metadata.clone()));
        if let Some(charge) = &new.source_transaction {
            request = request.source_transaction(charge);
        }
        self.transport.send::<IdView>(&request, Some(key)).await.map(|transfer| transfer.id)
    }
}
