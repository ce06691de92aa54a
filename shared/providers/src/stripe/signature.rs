//! Stripe's webhook signature: HMAC-SHA256 over `timestamp.body`, in a header of the form `t=…,v1=…,v1=…`.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// How far the signature's time may be from ours, seconds; Stripe's own libraries use the same.
pub const TOLERANCE_SECONDS: i64 = 300;

/// Most signatures that are looked at; Stripe sends one per active secret.
const SIGNATURES_MAX: usize = 8;

/// Why a webhook is not believed. Says nothing about the expected signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The header is absent or not of the expected form.
    #[error("the signature header is missing or malformed")]
    Malformed,
    /// Signed too long ago, or in the future.
    #[error("the signature is outside the tolerance")]
    Stale,
    /// No signature was made with a secret of ours over this body.
    #[error("no signature matches")]
    Mismatch,
}

fn mac(secret: &str, timestamp: i64, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(timestamp.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    Some(mac)
}

/// Checks the header against the raw body with each secret; during a rotation there are two. `now` in Unix seconds.
pub fn verify(body: &[u8], header: &str, secrets: &[String], now: i64) -> Result<(), SignatureError> {
    let mut timestamp = None;
    let mut signatures = Vec::new();
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("t", value)) => timestamp = value.parse::<i64>().ok(),
            Some(("v1", value)) if signatures.len() < SIGNATURES_MAX => {
                signatures.extend(hex::decode(value));
            }
            _ => {}
        }
    }
    let timestamp = timestamp.ok_or(SignatureError::Malformed)?;
    if signatures.is_empty() {
        return Err(SignatureError::Malformed);
    }
    if now.abs_diff(timestamp) > TOLERANCE_SECONDS.unsigned_abs() {
        return Err(SignatureError::Stale);
    }
    // Every pair is compared, and each in constant time, so that the duration tells nothing.
    let mut matches = Choice::from(0);
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        let Some(mac) = mac(secret, timestamp, body) else { continue };
        let expected = mac.finalize().into_bytes();
        for signature in &signatures {
            matches |= expected.as_slice().ct_eq(signature.as_slice());
        }
    }
    if matches.into() { Ok(()) } else { Err(SignatureError::Mismatch) }
}

/// The header that Stripe would send; for tests, which have to sign like the provider.
#[cfg(any(test, feature = "fakes"))]
pub fn sign(body: &[u8], secret: &str, timestamp: i64) -> String {
    let tag = mac(secret, timestamp, body).map(|mac| hex::encode(mac.finalize().into_bytes()));
    format!("t={timestamp},v1={}", tag.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1"}"#;

    fn secrets(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_signature_of_the_wanted_form_is_believed() {
        // The tag was computed with Python's hmac module, not with this code.
        let header = "t=1700000000,v1=97ea69f91fd566038386bacf87292eb0d73a8207414ee62ed313d49996fe0639";
        assert_eq!(verify(BODY, header, &secrets(&["whsec_a"]), 1_700_000_000), Ok(()));
    }

    #[test]
    fn while_secrets_rotate_either_is_believed() {
        let header = sign(BODY, "whsec_new", 1_000);
        assert_eq!(verify(BODY, &header, &secrets(&["whsec_old", "whsec_new"]), 1_000), Ok(()));
        assert_eq!(verify(BODY, &header, &secrets(&["whsec_old"]), 1_000), Err(SignatureError::Mismatch));
        let both = format!("{},{}", sign(BODY, "whsec_x", 1_000), &header["t=1000,".len()..]);
        assert_eq!(verify(BODY, &both, &secrets(&["whsec_new"]), 1_000), Ok(()));
    }

    #[test]
    fn a_changed_body_or_time_is_refused() {
        let header = sign(BODY, "whsec_a", 1_000);
        let known = secrets(&["whsec_a"]);
        assert_eq!(verify(b"{\"id\":\"evt_2\"}", &header, &known, 1_000), Err(SignatureError::Mismatch));
        let moved = header.replace("t=1000", "t=1001");
        assert_eq!(verify(BODY, &moved, &known, 1_001), Err(SignatureError::Mismatch));
    }

    #[test]
    fn a_signature_older_or_newer_than_the_tolerance_is_stale() {
        let known = secrets(&["whsec_a"]);
        let header = sign(BODY, "whsec_a", 1_000);
        assert_eq!(verify(BODY, &header, &known, 1_300), Ok(()));
        assert_eq!(verify(BODY, &header, &known, 1_301), Err(SignatureError::Stale));
        assert_eq!(verify(BODY, &header, &known, 699), Err(SignatureError::Stale));
    }

    #[test]
    fn an_empty_secret_is_no_secret() {
        let header = sign(BODY, "", 1_000);
        assert_eq!(verify(BODY, &header, &secrets(&[""]), 1_000), Err(SignatureError::Mismatch));
        assert_eq!(verify(BODY, &header, &[], 1_000), Err(SignatureError::Mismatch));
    }

    #[test]
    fn a_header_of_another_form_is_refused() {
        for header in ["", "t=1000", "v1=00", "t=x,v1=00", "t=1000,v0=00", "t=1000,v1=zz", "nonsense"] {
            let result = verify(BODY, header, &secrets(&["whsec_a"]), 1_000);
            assert_eq!(result, Err(SignatureError::Malformed), "{header}");
        }
    }
}
