//! Stripe in memory, for tests: it keeps state, knows idempotency keys and fails where a test asks it to.
//!
//! What a buyer does in a browser, and what a test wants to see, are methods in `world`, not part of the trait.

mod world;

use std::{
    collections::{BTreeMap, VecDeque},
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use rastup_types::Cents;

use super::{
    IntentStatus, ListedRefund, NewHold, NewPaymentIntent, NewTransfer, PaymentError, PaymentIntent,
    PaymentMethod, Payments, Refund, RefundStatus, SetupIntent,
};

/// A failure to be had at the next call of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No answer, and nothing was done.
    BeforeEffect,
    /// It was done, but the answer is lost.
    AfterEffect,
    /// Stripe refuses with this error; nothing was done.
    Refuse(PaymentError),
}

#[derive(Debug, Clone)]
struct Intent {
    public: PaymentIntent,
    manual: bool,
    refunded: Cents,
    hold: bool,
}

#[derive(Debug, Clone)]
enum Answer {
    Id(String),
    Intent(PaymentIntent),
    Setup(SetupIntent),
    Refund(Refund),
}

type Interlude = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Default)]
struct State {
    minted: u64,
    intents: BTreeMap<String, Intent>,
    setups: BTreeMap<String, SetupIntent>,
    refunds: Vec<(String, ListedRefund)>,
    transfers: BTreeMap<String, NewTransfer>,
    keys: BTreeMap<String, (String, Result<Answer, PaymentError>)>,
    faults: BTreeMap<&'static str, VecDeque<Fault>>,
    calls: Vec<&'static str>,
    refunds_wait: bool,
    races: BTreeMap<&'static str, String>,
    interlude: Option<Interlude>,
}

impl State {
    fn mint(&mut self, prefix: &str) -> String {
        self.minted += 1;
        format!("{prefix}_fake{:08}", self.minted)
    }

    fn intent(&mut self, id: &str) -> Result<&mut Intent, PaymentError> {
        self.intents.get_mut(id).ok_or_else(|| PaymentError::Refused { code: "resource_missing".to_owned() })
    }

    fn capture(&mut self, id: &str) {
        if let Some(intent) = self.intents.get_mut(id) {
            intent.public.status = IntentStatus::Succeeded;
            intent.public.amount_received = intent.public.amount;
        }
    }

    fn insert(&mut self, amount: Cents, manual: bool, metadata: BTreeMap<String, String>) -> &mut Intent {
        let id = self.mint("pi");
        let public = PaymentIntent {
            client_secret: Some(format!("{id}_secret_fake")),
            id: id.clone(),
            status: IntentStatus::RequiresPaymentMethod,
            amount,
            amount_received: Cents::ZERO,
            latest_charge: None,
            payment_method: None,
            last_error_code: None,
            metadata,
        };
        let intent = Intent { public, manual, refunded: Cents::ZERO, hold: false };
        self.intents.entry(id).or_insert(intent)
    }
}

/// An in-memory Stripe account.
#[derive(Default)]
pub struct FakePayments {
    state: Mutex<State>,
}

fn unexpected_state() -> PaymentError {
    PaymentError::UnexpectedState { code: "payment_intent_unexpected_state".to_owned() }
}

impl FakePayments {
    /// An empty account.
    pub fn new() -> FakePayments {
        FakePayments::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the next call of `operation` (the trait method's name) fail; several queue up.
    pub fn fail_next(&self, operation: &'static str, fault: Fault) {
        self.state().faults.entry(operation).or_default().push_back(fault);
    }

    /// How often an operation was called, failed calls included.
    pub fn calls(&self, operation: &str) -> usize {
        self.state().calls.iter().filter(|name| **name == operation).count()
    }

    /// Another caller captures the PaymentIntent right before the next call of `operation`.
    pub fn captured_before_next(&self, operation: &'static str, id: &str) {
        self.state().races.insert(operation, id.to_owned());
    }

    /// Something else happens between the making of the next PaymentIntent and its answer.
    pub fn before_next_intent_is_answered(&self, happens: impl Future<Output = ()> + Send + 'static) {
        self.state().interlude = Some(Box::pin(happens));
    }

    /// Time passes: Stripe forgets the keys of earlier calls, as it does after a day or more.
    pub fn keys_expire(&self) {
        self.state().keys.clear();
    }

    /// From now on refunds stay pending, as those of bank debits do.
    pub fn refunds_stay_pending(&self) {
        self.state().refunds_wait = true;
    }

    /// Runs an operation under its key: faults first, then the answer of an earlier call, then the effect.
    fn keyed(
        &self,
        operation: &'static str,
        key: &str,
        parameters: String,
        effect: impl FnOnce(&mut State) -> Result<Answer, PaymentError>,
    ) -> Result<Answer, PaymentError> {
        let mut state = self.state();
        state.calls.push(operation);
        if let Some(intent) = state.races.remove(operation) {
            state.capture(&intent);
        }
        let fault = state.faults.get_mut(operation).and_then(VecDeque::pop_front);
        match &fault {
            Some(Fault::BeforeEffect) => return Err(PaymentError::Unavailable("fault".to_owned())),
            Some(Fault::Refuse(error)) => return Err(error.clone()),
            Some(Fault::AfterEffect) | None => {}
        }
        let parameters = format!("{operation} {parameters}");
        let answer = match state.keys.get(key) {
            Some((known, _)) if *known != parameters => Err(PaymentError::KeyReused),
            Some((_, answer)) => answer.clone(),
            None => {
                let answer = effect(&mut state);
                state.keys.insert(key.to_owned(), (parameters, answer.clone()));
                answer
            }
        };
        if fault.is_some() { Err(PaymentError::Unavailable("fault".to_owned())) } else { answer }
    }

    fn read<T>(
        &self,
        operation: &'static str,
        read: impl FnOnce(&mut State) -> Result<T, PaymentError>,
    ) -> Result<T, PaymentError> {
        let mut state = self.state();
        state.calls.push(operation);
        match state.faults.get_mut(operation).and_then(VecDeque::pop_front) {
            None => read(&mut state),
            Some(Fault::Refuse(error)) => Err(error),
            Some(Fault::BeforeEffect | Fault::AfterEffect) => {
                Err(PaymentError::Unavailable("fault".to_owned()))
            }
        }
    }
}

fn id_of(answer: Answer) -> Result<String, PaymentError> {
    match answer {
        Answer::Id(id) => Ok(id),
        Answer::Intent(_) | Answer::Setup(_) | Answer::Refund(_) => Err(PaymentError::KeyReused),
    }
}

fn intent_of(answer: Answer) -> Result<PaymentIntent, PaymentError> {
    match answer {
        Answer::Intent(intent) => Ok(intent),
        Answer::Id(_) | Answer::Setup(_) | Answer::Refund(_) => Err(PaymentError::KeyReused),
    }
}

#[async_trait]
impl Payments for FakePayments {
    async fn create_customer(
        &self,
        key: &str,
        metadata: BTreeMap<String, String>,
    ) -> Result<String, PaymentError> {
        self.keyed("create_customer", key, format!("{metadata:?}"), |state| Ok(Answer::Id(state.mint("cus"))))
            .and_then(id_of)
    }

    async fn create_payment_intent(
        &self,
        key: &str,
        new: &NewPaymentIntent,
    ) -> Result<PaymentIntent, PaymentError> {
        let answer = self.keyed("create_payment_intent", key, format!("{new:?}"), |state| {
            let manual = new.method == PaymentMethod::Card;
            let intent = state.insert(new.amount, manual, new.metadata.clone());
            Ok(Answer::Intent(intent.public.clone()))
        });
        let interlude = self.state().interlude.take();
        if let Some(happens) = interlude {
            happens.await;
        }
        answer.and_then(intent_of)
    }

    async fn payment_intent(&self, id: &str) -> Result<PaymentIntent, PaymentError> {
        self.read("payment_intent", |state| state.intent(id).map(|intent| intent.public.clone()))
    }

    async fn capture(&self, key: &str, id: &str, amount: Cents) -> Result<PaymentIntent, PaymentError> {
        self.keyed("capture", key, format!("{id} {amount}"), |state| {
            let intent = state.intent(id)?;
            if intent.public.status != IntentStatus::RequiresCapture || amount > intent.public.amount {
                return Err(unexpected_state());
            }
            intent.public.status = IntentStatus::Succeeded;
            intent.public.amount_received = amount;
            Ok(Answer::Intent(intent.public.clone()))
        })
        .and_then(intent_of)
    }

    async fn cancel(&self, key: &str, id: &str) -> Result<PaymentIntent, PaymentError> {
        self.keyed("cancel", key, id.to_owned(), |state| {
            let intent = state.intent(id)?;
            match intent.public.status {
                IntentStatus::Succeeded | IntentStatus::Canceled | IntentStatus::Processing => {
                    Err(unexpected_state())
                }
                _ => {
                    intent.public.status = IntentStatus::Canceled;
                    Ok(Answer::Intent(intent.public.clone()))
                }
            }
        })
        .and_then(intent_of)
    }

    async fn create_setup_intent(
        &self,
        key: &str,
        customer: &str,
        metadata: BTreeMap<String, String>,
    ) -> Result<SetupIntent, PaymentError> {
        let answer = self.keyed("create_setup_intent", key, format!("{customer} {metadata:?}"), |state| {
            let id = state.mint("seti");
            let client_secret = Some(format!("{id}_secret_fake"));
            let setup = SetupIntent { id: id.clone(), succeeded: false, payment_method: None, client_secret };
            state.setups.insert(id, setup.clone());
            Ok(Answer::Setup(setup))
        })?;
        match answer {
            Answer::Setup(setup) => Ok(setup),
            Answer::Id(_) | Answer::Intent(_) | Answer::Refund(_) => Err(PaymentError::KeyReused),
        }
    }

    async fn setup_intent(&self, id: &str) -> Result<SetupIntent, PaymentError> {
        self.read("setup_intent", |state| {
            let setup = state.setups.get(id).cloned();
            setup.ok_or_else(|| PaymentError::Refused { code: "resource_missing".to_owned() })
        })
    }

    async fn place_hold(&self, key: &str, new: &NewHold) -> Result<PaymentIntent, PaymentError> {
        self.keyed("place_hold", key, format!("{new:?}"), |state| {
            let charge = state.mint("ch");
            let intent = state.insert(new.amount, true, new.metadata.clone());
            intent.hold = true;
            intent.public.status = IntentStatus::RequiresCapture;
            intent.public.payment_method = Some(new.payment_method.clone());
            intent.public.latest_charge = Some(charge);
            Ok(Answer::Intent(intent.public.clone()))
        })
        .and_then(intent_of)
    }

    async fn refund(
        &self,
        key: &str,
        payment_intent: &str,
        amount: Cents,
        metadata: BTreeMap<String, String>,
    ) -> Result<Refund, PaymentError> {
        let parameters = format!("{payment_intent} {amount} {metadata:?}");
        let answer = self.keyed("refund", key, parameters, |state| {
            let status = if state.refunds_wait { RefundStatus::Pending } else { RefundStatus::Succeeded };
            let intent = state.intent(payment_intent)?;
            if intent.public.status != IntentStatus::Succeeded {
                return Err(unexpected_state());
            }
            if intent.refunded + amount > intent.public.amount_received {
                return Err(PaymentError::UnexpectedState { code: "charge_already_refunded".to_owned() });
            }
            intent.refunded += amount;
            let refund = Refund { id: state.mint("re"), status };
            let listed = ListedRefund { refund: refund.clone(), amount, metadata };
            state.refunds.insert(0, (payment_intent.to_owned(), listed));
            Ok(Answer::Refund(refund))
        })?;
        match answer {
            Answer::Refund(refund) => Ok(refund),
            Answer::Id(_) | Answer::Intent(_) | Answer::Setup(_) => Err(PaymentError::KeyReused),
        }
    }

    async fn refunds(&self, payment_intent: &str) -> Result<Vec<ListedRefund>, PaymentError> {
        self.read("refunds", |state| {
            let of_intent = state.refunds.iter().filter(|(id, _)| id == payment_intent);
            Ok(of_intent.map(|(_, listed)| listed.clone()).collect())
        })
    }

    async fn transfer(&self, key: &str, new: &NewTransfer) -> Result<String, PaymentError> {
        self.keyed("transfer", key, format!("{new:?}"), |state| {
            let id = state.mint("tr");
            state.transfers.insert(id.clone(), new.clone());
            Ok(Answer::Id(id))
        })
        .and_then(id_of)
    }
}
