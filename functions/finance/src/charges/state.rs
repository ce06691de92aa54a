//! The life of a charge as one table of (state, trigger) → state; everything that moves a charge goes through it.

use rastup_providers::stripe::{IntentStatus, PaymentIntent};
use rastup_store::sqlx;

use super::Method;

/// State of a charge. A card ends in `Captured`, a bank debit in `Succeeded`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum ChargeStatus {
    /// The buyer has to pay, or to authenticate.
    RequiresAction,
    /// The last attempt was refused; the buyer may try again with the same PaymentIntent.
    Failed,
    /// A bank debit is under way.
    Processing,
    /// The card is authorised; nothing is taken.
    Authorized,
    /// The confirmation is about to take the money.
    Capturing,
    /// The card's money is taken.
    Captured,
    /// The bank debit's money is taken.
    Succeeded,
    /// The confirmation is being undone.
    Undoing,
    /// Given up; nothing was taken.
    Canceled,
    /// Given up; what was taken is returned.
    Refunded,
}

/// What moves a charge. The first seven are what Stripe says, the others what we do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// The buyer must authenticate.
    ActionRequired,
    /// The card or bank refused.
    Declined,
    /// The bank debit is under way.
    DebitStarted,
    /// The card is authorised.
    CardAuthorized,
    /// The card's money is taken.
    CardCaptured,
    /// The bank debit's money is taken.
    DebitSucceeded,
    /// The PaymentIntent was cancelled, or its authorisation lapsed.
    Lapsed,
    /// The confirmation begins to capture.
    BeginCapture,
    /// The confirmation is given up.
    BeginUndo,
    /// Undone by cancelling what was not taken.
    UndoneByCancel,
    /// Undone by returning what was taken.
    UndoneByRefund,
}

use ChargeStatus::*;
use Trigger::*;

/// Every allowed step. What is not here does not happen: what Stripe says late is ignored, what we ask for is refused.
const TRANSITIONS: &[(ChargeStatus, Trigger, ChargeStatus)] = &[
    (RequiresAction, ActionRequired, RequiresAction),
    (RequiresAction, Declined, Failed),
    (RequiresAction, DebitStarted, Processing),
    (RequiresAction, CardAuthorized, Authorized),
    (RequiresAction, CardCaptured, Captured),
    (RequiresAction, DebitSucceeded, Succeeded),
    (RequiresAction, Lapsed, Canceled),
    (RequiresAction, BeginUndo, Undoing),
    (Failed, ActionRequired, RequiresAction),
    (Failed, Declined, Failed),
    (Failed, DebitStarted, Processing),
    (Failed, CardAuthorized, Authorized),
    (Failed, CardCaptured, Captured),
    (Failed, DebitSucceeded, Succeeded),
    (Failed, Lapsed, Canceled),
    (Failed, BeginUndo, Undoing),
    (Processing, Declined, Failed),
    (Processing, DebitStarted, Processing),
    (Processing, CardAuthorized, Authorized),
    (Processing, DebitSucceeded, Succeeded),
    (Processing, Lapsed, Canceled),
    (Processing, BeginUndo, Undoing),
    (Authorized, CardAuthorized, Authorized),
    (Authorized, CardCaptured, Captured),
    (Authorized, Lapsed, Canceled),
    (Authorized, BeginCapture, Capturing),
    (Authorized, BeginUndo, Undoing),
    (Capturing, CardAuthorized, Capturing),
    (Capturing, CardCaptured, Captured),
    (Capturing, Lapsed, Canceled),
    (Capturing, BeginCapture, Capturing),
    (Capturing, BeginUndo, Undoing),
    (Captured, CardCaptured, Captured),
    (Captured, BeginCapture, Captured),
    (Captured, BeginUndo, Undoing),
    (Succeeded, DebitSucceeded, Succeeded),
    (Succeeded, BeginCapture, Succeeded),
    (Succeeded, BeginUndo, Undoing),
    (Undoing, BeginUndo, Undoing),
    (Undoing, UndoneByCancel, Canceled),
    (Undoing, UndoneByRefund, Refunded),
    (Canceled, Lapsed, Canceled),
    (Canceled, BeginUndo, Canceled),
    (Refunded, BeginUndo, Refunded),
];

impl ChargeStatus {
    /// Every state.
    pub const ALL: [ChargeStatus; 10] = [
        RequiresAction,
        Failed,
        Processing,
        Authorized,
        Capturing,
        Captured,
        Succeeded,
        Undoing,
        Canceled,
        Refunded,
    ];

    /// The state after `trigger`; none when the table does not allow it.
    pub fn after(self, trigger: Trigger) -> Option<ChargeStatus> {
        TRANSITIONS.iter().find(|(from, by, _)| (*from, *by) == (self, trigger)).map(|(_, _, to)| *to)
    }

    /// True when the buyer's money is with us and nobody is returning it.
    pub fn is_taken(self) -> bool {
        match self {
            Captured | Succeeded => true,
            RequiresAction | Failed | Processing | Authorized | Capturing | Undoing | Canceled | Refunded => {
                false
            }
        }
    }

    /// The state as clients see it: the schema's `ChargeStatus`.
    pub fn public_name(self) -> &'static str {
        match self {
            RequiresAction => "REQUIRES_ACTION",
            Failed => "FAILED",
            Processing => "PROCESSING",
            Authorized | Capturing => "AUTHORIZED",
            Captured => "CAPTURED",
            Succeeded => "SUCCEEDED",
            Undoing | Canceled | Refunded => "CANCELED",
        }
    }
}

impl Trigger {
    /// Every trigger.
    pub const ALL: [Trigger; 11] = [
        ActionRequired,
        Declined,
        DebitStarted,
        CardAuthorized,
        CardCaptured,
        DebitSucceeded,
        Lapsed,
        BeginCapture,
        BeginUndo,
        UndoneByCancel,
        UndoneByRefund,
    ];
}

/// What a PaymentIntent's state means; none while the buyer has not done anything.
pub(super) fn trigger_of(method: Method, intent: &PaymentIntent) -> Option<Trigger> {
    match (intent.status, method) {
        (IntentStatus::RequiresPaymentMethod, _) => intent.last_error_code.is_some().then_some(Declined),
        (IntentStatus::RequiresConfirmation, _) => None,
        (IntentStatus::RequiresAction, _) => Some(ActionRequired),
        (IntentStatus::Processing, _) => Some(DebitStarted),
        (IntentStatus::RequiresCapture, Method::Card) => Some(CardAuthorized),
        (IntentStatus::Succeeded, Method::Card) => Some(CardCaptured),
        (IntentStatus::Succeeded, Method::AchDebit) => Some(DebitSucceeded),
        // A bank debit cannot be authorised only.
        (IntentStatus::RequiresCapture, Method::AchDebit) => None,
        (IntentStatus::Canceled, _) => Some(Lapsed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The allowed steps, written a second time in words of the rules rather than of the table.
    fn expected(from: ChargeStatus, trigger: Trigger) -> Option<ChargeStatus> {
        let waiting = matches!(from, RequiresAction | Failed);
        let untaken = waiting || matches!(from, Processing | Authorized | Capturing);
        match trigger {
            ActionRequired => waiting.then_some(RequiresAction),
            Declined => (waiting || from == Processing).then_some(Failed),
            DebitStarted => (waiting || from == Processing).then_some(Processing),
            CardAuthorized if from == Capturing => Some(Capturing),
            CardAuthorized => untaken.then_some(Authorized),
            CardCaptured => {
                (waiting || matches!(from, Authorized | Capturing | Captured)).then_some(Captured)
            }
            DebitSucceeded => (waiting || matches!(from, Processing | Succeeded)).then_some(Succeeded),
            Lapsed => (untaken || from == Canceled).then_some(Canceled),
            BeginCapture if from.is_taken() => Some(from),
            BeginCapture => matches!(from, Authorized | Capturing).then_some(Capturing),
            BeginUndo if matches!(from, Canceled | Refunded) => Some(from),
            BeginUndo => Some(Undoing),
            UndoneByCancel => (from == Undoing).then_some(Canceled),
            UndoneByRefund => (from == Undoing).then_some(Refunded),
        }
    }

    #[test]
    fn every_step_outside_the_rules_is_refused() {
        for from in ChargeStatus::ALL {
            for trigger in Trigger::ALL {
                assert_eq!(from.after(trigger), expected(from, trigger), "{from:?} on {trigger:?}");
            }
        }
    }

    #[test]
    fn the_table_names_each_step_once() {
        for (index, (from, trigger, _)) in TRANSITIONS.iter().enumerate() {
            let again = TRANSITIONS.iter().skip(index + 1).any(|(f, t, _)| (f, t) == (from, trigger));
            assert!(!again, "{from:?} on {trigger:?}");
        }
    }

    #[test]
    fn what_stripe_says_never_brings_a_taken_or_returned_charge_back() {
        for from in [Captured, Succeeded, Undoing, Canceled, Refunded] {
            for trigger in &Trigger::ALL[..7] {
                if let Some(to) = from.after(*trigger) {
                    assert_eq!(to, from, "{from:?} on {trigger:?}");
                }
            }
        }
    }
}
