//! What moved on Stripe's balance of the platform: the list of balance transactions, a page at a time.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rastup_types::Cents;
use serde::{Deserialize, Serialize};
use stripe_client_core::{RequestBuilder, StripeMethod, StripeRequest};

use super::{PaymentError, adapter::Stripe};

/// Most that Stripe lists at once.
const PAGE: u32 = 100;

/// A movement of the balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceTransaction {
    /// `txn_…`.
    pub id: String,
    /// Stripe's type, such as `charge`, `refund` or `transfer`.
    pub kind: String,
    /// Before the fee; negative for what leaves.
    pub amount: Cents,
    /// What Stripe took for it.
    pub fee: Cents,
    /// `ch_…`, `re_…`, `tr_…`.
    pub source: Option<String>,
    /// `pi_…` of the source, where it has one.
    pub payment_intent: Option<String>,
    /// When it happened.
    pub created: DateTime<Utc>,
}

/// A page of movements, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BalancePage {
    /// The movements.
    pub transactions: Vec<BalanceTransaction>,
    /// True when older ones follow.
    pub more: bool,
}

/// The list of what moved.
#[async_trait]
pub trait BalanceTransactions: Send + Sync {
    /// Movements created in `[from, until)`, those after the id `after` (older ones) where it is given.
    async fn list(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        after: Option<&str>,
    ) -> Result<BalancePage, PaymentError>;
}

#[derive(Serialize)]
struct Created {
    gte: i64,
    lt: i64,
}

#[derive(Serialize)]
struct List<'a> {
    created: Created,
    expand: [&'static str; 1],
    limit: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    starting_after: Option<&'a str>,
}

impl StripeRequest for List<'_> {
    type Output = ();
    fn build(&self) -> RequestBuilder {
        RequestBuilder::new(StripeMethod::Get, "/balance_transactions").query(self)
    }
}

#[derive(Deserialize)]
struct PageView {
    data: Vec<View>,
    has_more: bool,
}

#[derive(Deserialize)]
struct View {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    amount: i64,
    fee: i64,
    source: Option<Source>,
    created: i64,
}

/// Expanded where Stripe can; a source that is gone stays an id.
#[derive(Deserialize)]
#[serde(untagged)]
enum Source {
    Id(String),
    Object { id: String, object: Option<String>, payment_intent: Option<String> },
}

impl TryFrom<View> for BalanceTransaction {
    type Error = PaymentError;
    fn try_from(view: View) -> Result<BalanceTransaction, PaymentError> {
        let (source, payment_intent) = match view.source {
            None => (None, None),
            Some(Source::Id(id)) => (Some(id), None),
            Some(Source::Object { id, object, payment_intent }) => {
                (Some(id), payment_intent.filter(|_| object.as_deref() == Some("charge")))
            }
        };
        let unreadable = || PaymentError::Unavailable("a balance transaction without a time".to_owned());
        Ok(BalanceTransaction {
            id: view.id,
            kind: view.kind,
            amount: Cents(view.amount),
            fee: Cents(view.fee),
            source,
            payment_intent,
            created: DateTime::from_timestamp(view.created, 0).ok_or_else(unreadable)?,
        })
    }
}

#[async_trait]
impl BalanceTransactions for Stripe {
    async fn list(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        after: Option<&str>,
    ) -> Result<BalancePage, PaymentError> {
        let created = Created { gte: from.timestamp(), lt: until.timestamp() };
        let list = List { created, expand: ["data.source"], limit: PAGE, starting_after: after };
        let page: PageView = self.transport().send(&list, None).await?;
        let transactions = page.data.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
        Ok(BalancePage { transactions, more: page.has_more })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_asks_for_a_range_with_its_sources() {
        let created = Created { gte: 1, lt: 2 };
        let built =
            List { created, expand: ["data.source"], limit: 100, starting_after: Some("txn_1") }.build();
        let query = built.query.unwrap_or_default();
        for part in
            ["created[gte]=1", "created[lt]=2", "limit=100", "starting_after=txn_1", "expand[0]=data.source"]
        {
            assert!(query.contains(part), "{part} in {query}");
        }
    }

    #[test]
    fn a_payment_is_named_by_its_intent_and_a_transfer_by_itself() {
        let read = |source: &str| {
            let view = format!(
                r#"{{"id":"txn_1","type":"charge","amount":100,"fee":33,"created":1767225600,"source":{source}}}"#
            );
            BalanceTransaction::try_from(serde_json::from_str::<View>(&view).unwrap()).unwrap()
        };
        let charge = read(r#"{"id":"ch_1","object":"charge","payment_intent":"pi_1"}"#);
        assert_eq!(
            (charge.source.as_deref(), charge.payment_intent.as_deref()),
            (Some("ch_1"), Some("pi_1"))
        );
        let refund = read(r#"{"id":"re_1","object":"refund","payment_intent":"pi_1"}"#);
        assert_eq!((refund.source.as_deref(), refund.payment_intent), (Some("re_1"), None));
        assert_eq!(read("\"tr_1\"").source.as_deref(), Some("tr_1"));
        assert_eq!(read("null").source, None);
    }
}
