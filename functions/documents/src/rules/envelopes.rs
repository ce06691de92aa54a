//! How the state of an envelope moves: forward only, so that late and repeated news change nothing.

use chrono::{DateTime, Utc};
use rastup_providers::esign::{Envelope, SignatureStatus};

use crate::model::EnvelopeStatus;

/// Every step that exists.
const STEPS: &[(EnvelopeStatus, EnvelopeStatus)] = &[
    (EnvelopeStatus::None, EnvelopeStatus::Sent),
    (EnvelopeStatus::None, EnvelopeStatus::Voided),
    (EnvelopeStatus::Sent, EnvelopeStatus::Completed),
    (EnvelopeStatus::Sent, EnvelopeStatus::Declined),
    (EnvelopeStatus::Sent, EnvelopeStatus::Expired),
    (EnvelopeStatus::Sent, EnvelopeStatus::Voided),
];

/// True when an envelope may go from one state to the other.
pub(crate) fn may_become(from: EnvelopeStatus, to: EnvelopeStatus) -> bool {
    STEPS.contains(&(from, to))
}

/// The state that the provider shows.
pub(crate) fn observed(envelope: &Envelope, now: DateTime<Utc>) -> EnvelopeStatus {
    let any = |status| envelope.signatures.iter().any(|signature| signature.status == status);
    if envelope.complete {
        EnvelopeStatus::Completed
    } else if envelope.declined || any(SignatureStatus::Declined) {
        EnvelopeStatus::Declined
    } else if envelope.failed {
        EnvelopeStatus::Voided
    } else if any(SignatureStatus::Expired) || envelope.expires_at.is_some_and(|at| at <= now) {
        EnvelopeStatus::Expired
    } else {
        EnvelopeStatus::Sent
    }
}

#[cfg(test)]
mod tests {
    use rastup_providers::esign::{EmailAddress, Signature};

    use super::*;

    const ALL: [EnvelopeStatus; 6] = [
        EnvelopeStatus::None,
        EnvelopeStatus::Sent,
        EnvelopeStatus::Completed,
        EnvelopeStatus::Declined,
        EnvelopeStatus::Voided,
        EnvelopeStatus::Expired,
    ];

    #[test]
    fn an_ended_envelope_goes_nowhere_and_nothing_goes_back() {
        for from in &ALL[2..] {
            for to in ALL {
                assert!(!may_become(*from, to), "{from:?} -> {to:?}");
            }
        }
        for from in ALL {
            assert!(!may_become(from, EnvelopeStatus::None));
            assert!(!may_become(from, from));
        }
        assert!(!may_become(EnvelopeStatus::None, EnvelopeStatus::Completed));
    }

    #[test]
    fn completion_outweighs_expiry_and_a_refusal_outweighs_waiting() {
        let now = DateTime::from_timestamp(1_000, 0).unwrap();
        let signature = |status| Signature {
            id: "s".into(),
            email: EmailAddress("a@example.com".into()),
            status,
            viewed_at: None,
            signed_at: None,
        };
        let mut envelope = Envelope {
            id: "e".into(),
            reference: None,
            complete: true,
            declined: false,
            failed: false,
            expires_at: Some(now),
            signatures: vec![signature(SignatureStatus::Signed)],
        };
        assert_eq!(observed(&envelope, now), EnvelopeStatus::Completed);
        envelope.complete = false;
        assert_eq!(observed(&envelope, now), EnvelopeStatus::Expired);
        assert_eq!(observed(&envelope, now - chrono::Duration::seconds(1)), EnvelopeStatus::Sent);
        envelope.signatures = vec![signature(SignatureStatus::Declined)];
        assert_eq!(observed(&envelope, now), EnvelopeStatus::Declined);
    }
}
