//! The world around the in-memory Stripe: what buyers do in their browsers, and what a test can look at afterwards.

use std::collections::BTreeMap;

use rastup_types::Cents;

use super::{FakePayments, Intent, State};
use crate::stripe::{IntentStatus, NewTransfer, PaymentIntent};

impl FakePayments {
    fn change(&self, id: &str, change: impl FnOnce(&mut State, &mut Intent)) {
        let mut state = self.state();
        if let Some(mut intent) = state.intents.remove(id) {
            change(&mut state, &mut intent);
            state.intents.insert(id.to_owned(), intent);
        }
    }

    /// The buyer pays with a good card: authorised, or taken when the capture is automatic.
    pub fn buyer_pays(&self, id: &str) {
        self.change(id, |state, intent| {
            intent.public.payment_method = Some(state.mint("pm"));
            intent.public.latest_charge = Some(state.mint("ch"));
            intent.public.last_error_code = None;
            intent.public.status = if intent.manual {
                IntentStatus::RequiresCapture
            } else {
                intent.public.amount_received = intent.public.amount;
                IntentStatus::Succeeded
            };
        });
    }

    /// The buyer's bank asks for 3-D Secure.
    pub fn buyer_must_authenticate(&self, id: &str) {
        self.change(id, |_, intent| intent.public.status = IntentStatus::RequiresAction);
    }

    /// The buyer's card or bank says no.
    pub fn buyer_is_declined(&self, id: &str, code: &str) {
        self.change(id, |_, intent| {
            intent.public.last_error_code = Some(code.to_owned());
            intent.public.status = IntentStatus::RequiresPaymentMethod;
        });
    }

    /// The buyer starts a bank debit, which takes days.
    pub fn buyer_starts_debit(&self, id: &str) {
        self.change(id, |state, intent| {
            intent.public.latest_charge = Some(state.mint("py"));
            intent.public.status = IntentStatus::Processing;
        });
    }

    /// The authorisation is given up by somebody else: it expired, or staff cancelled it.
    pub fn authorisation_lapses(&self, id: &str) {
        self.change(id, |_, intent| intent.public.status = IntentStatus::Canceled);
    }

    /// The buyer saves a card; answers its `pm_…`.
    pub fn buyer_saves_card(&self, setup_intent: &str) -> Option<String> {
        let mut state = self.state();
        let card = state.mint("pm");
        let setup = state.setups.get_mut(setup_intent)?;
        setup.succeeded = true;
        setup.payment_method = Some(card.clone());
        Some(card)
    }

    /// A PaymentIntent as it is now.
    pub fn intent(&self, id: &str) -> Option<PaymentIntent> {
        self.state().intents.get(id).map(|intent| intent.public.clone())
    }

    /// Money that the account has: taken, less what was returned and sent on, cents.
    pub fn balance(&self) -> Cents {
        let state = self.state();
        let taken: Cents = state.intents.values().map(|i| i.public.amount_received - i.refunded).sum();
        taken - state.transfers.values().map(|transfer| transfer.amount).sum::<Cents>()
    }

    /// Amount that is held or taken from buyers and was not returned, cents.
    pub fn held_or_taken(&self) -> Cents {
        let state = self.state();
        let each = state.intents.values().map(|intent| match intent.public.status {
            IntentStatus::RequiresCapture => intent.public.amount,
            IntentStatus::Succeeded => intent.public.amount_received - intent.refunded,
            _ => Cents::ZERO,
        });
        each.sum()
    }

    /// Transfers that were made, by id.
    pub fn transfers(&self) -> BTreeMap<String, NewTransfer> {
        self.state().transfers.clone()
    }

    /// Number of holds that are alive.
    pub fn live_holds(&self) -> usize {
        let state = self.state();
        let alive = |i: &&Intent| i.hold && i.public.status == IntentStatus::RequiresCapture;
        state.intents.values().filter(alive).count()
    }
}
