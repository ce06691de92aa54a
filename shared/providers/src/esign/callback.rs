//! Callbacks of Dropbox Sign: reading the form, checking the hash. A callback is a hint only; see [`Callback`].

use chrono::{DateTime, Duration, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The provider repeats an unanswered callback for about 30 hours, with the time of the event unchanged.
const TOLERANCE_PAST: Duration = Duration::hours(36);
/// How far the provider's clock may be ahead of ours.
const TOLERANCE_FUTURE: Duration = Duration::minutes(5);
/// Longest identifier that is taken from a callback, characters.
const ID_LENGTH_MAX: usize = 128;

/// What a callback says. Its hash covers the time and the type of the event only, **not the body**: whoever has seen one
/// callback can send it again with another request's id. So only ids are kept, and they say no more than "look here".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    /// Kind of the event, such as `signature_request_signed`.
    pub event_type: String,
    /// When it happened, seconds since 1970, as the text that the hash covers.
    pub event_time: String,
    /// HMAC-SHA256 of time and type, lowercase hex.
    pub event_hash: String,
    /// The envelope; absent for events of the account.
    pub envelope_id: Option<String>,
    /// The signature that it is about.
    pub signature_id: Option<String>,
}

/// Why a callback is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// It is not a form with a `json` field of the expected shape.
    #[error("the callback has not the expected form")]
    Malformed,
    /// The hash was not made with our key.
    #[error("the hash is not valid")]
    Forged,
    /// The event is too old, or in the future.
    #[error("the time of the event is outside the tolerance")]
    Stale,
}

#[derive(Deserialize)]
struct Body {
    event: EventPart,
    signature_request: Option<RequestPart>,
}

#[derive(Deserialize)]
struct EventPart {
    event_type: String,
    event_time: String,
    event_hash: String,
    event_metadata: Option<MetadataPart>,
}

#[derive(Deserialize)]
struct MetadataPart {
    related_signature_id: Option<String>,
}

#[derive(Deserialize)]
struct RequestPart {
    signature_request_id: String,
}

/// The hash that Dropbox Sign puts into a callback: HMAC-SHA256 of time and type under the API key, lowercase hex.
pub fn callback_hash(api_key: &str, event_time: &str, event_type: &str) -> String {
    hex::encode(mac(api_key, event_time, event_type).finalize().into_bytes())
}

fn mac(api_key: &str, event_time: &str, event_type: &str) -> Hmac<Sha256> {
    // A key of any length is accepted: longer ones are hashed, shorter ones padded.
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(api_key.as_bytes())
        .unwrap_or_else(|_| <Hmac<Sha256> as KeyInit>::new(&Default::default()));
    mac.update(event_time.as_bytes());
    mac.update(event_type.as_bytes());
    mac
}

impl Callback {
    /// Reads the request: `multipart/form-data` with one field `json`.
    pub fn read(content_type: &str, body: &[u8]) -> Result<Callback, CallbackError> {
        let boundary = boundary(content_type).ok_or(CallbackError::Malformed)?;
        let json = form_field(&boundary, body, "json").ok_or(CallbackError::Malformed)?;
        let body: Body = serde_json::from_slice(json).map_err(|_| CallbackError::Malformed)?;
        let callback = Callback {
            event_type: body.event.event_type,
            event_time: body.event.event_time,
            event_hash: body.event.event_hash,
            envelope_id: body.signature_request.map(|request| request.signature_request_id),
            signature_id: body.event.event_metadata.and_then(|metadata| metadata.related_signature_id),
        };
        let ids = [&callback.envelope_id, &callback.signature_id].into_iter().flatten();
        let plain = ids.chain([&callback.event_type]).all(|id| {
            (1..=ID_LENGTH_MAX).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        });
        if plain { Ok(callback) } else { Err(CallbackError::Malformed) }
    }

    /// Checks hash and age.
    pub fn verify(&self, api_key: &str, now: DateTime<Utc>) -> Result<(), CallbackError> {
        let hash = hex::decode(&self.event_hash).map_err(|_| CallbackError::Forged)?;
        if api_key.is_empty() || mac(api_key, &self.event_time, &self.event_type).verify_slice(&hash).is_err()
        {
            return Err(CallbackError::Forged);
        }
        let seconds: i64 = self.event_time.parse().map_err(|_| CallbackError::Malformed)?;
        let at = DateTime::from_timestamp(seconds, 0).ok_or(CallbackError::Malformed)?;
        let fresh = at >= now - TOLERANCE_PAST && at <= now + TOLERANCE_FUTURE;
        if fresh { Ok(()) } else { Err(CallbackError::Stale) }
    }

    /// The identity of the event, which the provider does not give: the same for every repetition of one event, different
    /// for two people who sign in the same second.
    pub fn event_id(&self) -> String {
        let mut hash = Sha256::new();
        for part in [
            &self.event_type,
            &self.event_time,
            self.envelope_id.as_deref().unwrap_or_default(),
            self.signature_id.as_deref().unwrap_or_default(),
            &self.event_hash,
        ] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hex::encode(hash.finalize())
    }
}

fn boundary(content_type: &str) -> Option<String> {
    let mut parts = content_type.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let value = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.eq_ignore_ascii_case("boundary").then_some(value)
    })?;
    let value = value.trim_matches('"');
    (1..=70).contains(&value.len()).then(|| value.to_owned())
}

/// The content of a form's field (RFC 7578), without the line end that belongs to the boundary.
fn form_field<'a>(boundary: &str, body: &'a [u8], wanted: &str) -> Option<&'a [u8]> {
    let delimiter = format!("--{boundary}").into_bytes();
    let mut rest = &body[find(body, &delimiter)? + delimiter.len()..];
    loop {
        if rest.starts_with(b"--") {
            return None;
        }
        let end = find(rest, &delimiter)?;
        let part = rest[..end].strip_prefix(b"\r\n")?;
        let part = part.strip_suffix(b"\r\n").unwrap_or(part);
        let head = find(part, b"\r\n\r\n")?;
        if names_field(&part[..head], wanted) {
            return Some(&part[head + 4..]);
        }
        rest = &rest[end + delimiter.len()..];
    }
}

fn names_field(head: &[u8], wanted: &str) -> bool {
    let head = String::from_utf8_lossy(head);
    head.lines().filter(|line| line.to_ascii_lowercase().starts_with("content-disposition:")).any(|line| {
        line.split(';')
            .map(str::trim)
            .any(|part| part.strip_prefix("name=").is_some_and(|name| name.trim_matches('"') == wanted))
    })
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "test-key";
    const TYPE: &str = "signature_request_signed";

    fn form(json: &str) -> (String, Vec<u8>) {
        let body = format!(
            "--xx\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\n1\r\n\
             --xx\r\ncontent-disposition: form-data; name=\"json\"\r\n\r\n{json}\r\n--xx--\r\n"
        );
        ("multipart/form-data; boundary=\"xx\"".to_owned(), body.into_bytes())
    }

    fn json(key: &str, time: &str) -> String {
        let hash = callback_hash(key, time, TYPE);
        format!(
            r#"{{"event":{{"event_type":"{TYPE}","event_time":"{time}","event_hash":"{hash}",
                "event_metadata":{{"related_signature_id":"sig1"}}}},
                "signature_request":{{"signature_request_id":"req1","signatures":[]}}}}"#
        )
    }

    fn read(key: &str, time: &str) -> Callback {
        let (content_type, body) = form(&json(key, time));
        Callback::read(&content_type, &body).unwrap()
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    #[test]
    fn a_callback_reads_as_its_ids_and_passes_with_our_key() {
        let callback = read(KEY, "1800000000");
        assert_eq!(callback.envelope_id.as_deref(), Some("req1"));
        assert_eq!(callback.signature_id.as_deref(), Some("sig1"));
        assert_eq!(callback.verify(KEY, now()), Ok(()));
    }

    #[test]
    fn the_hash_covers_time_then_type_under_the_api_key() {
        // Computed with another implementation of HMAC-SHA256.
        assert_eq!(
            callback_hash("key", "1348177752", "signature_request_sent"),
            "9616820b3f87daf093387dd2cad0ab25e3921a6f5e01e22eed8043ac58bfab07"
        );
    }

    #[test]
    fn another_key_another_type_and_a_garbled_hash_are_forged() {
        assert_eq!(read("other", "1800000000").verify(KEY, now()), Err(CallbackError::Forged));
        let mut callback = read(KEY, "1800000000");
        callback.event_type = "signature_request_all_signed".to_owned();
        assert_eq!(callback.verify(KEY, now()), Err(CallbackError::Forged));
        callback.event_hash = "zz".to_owned();
        assert_eq!(callback.verify(KEY, now()), Err(CallbackError::Forged));
    }

    #[test]
    fn no_callback_passes_while_the_key_is_empty() {
        assert_eq!(read("", "1800000000").verify("", now()), Err(CallbackError::Forged));
    }

    #[test]
    fn a_repetition_passes_for_a_day_and_a_half_and_the_future_for_minutes() {
        assert_eq!(read(KEY, "1799900000").verify(KEY, now()), Ok(()));
        assert_eq!(read(KEY, "1799800000").verify(KEY, now()), Err(CallbackError::Stale));
        assert_eq!(read(KEY, "1800000200").verify(KEY, now()), Ok(()));
        assert_eq!(read(KEY, "1800000400").verify(KEY, now()), Err(CallbackError::Stale));
    }

    #[test]
    fn repetitions_have_one_identity_and_two_signers_of_one_second_have_two() {
        let first = read(KEY, "1800000000");
        let mut second = first.clone();
        assert_eq!(first.event_id(), second.event_id());
        second.signature_id = Some("sig2".to_owned());
        assert_ne!(first.event_id(), second.event_id());
    }

    #[test]
    fn what_is_not_a_form_with_json_is_malformed() {
        let (content_type, body) = form(&json(KEY, "1800000000"));
        let cases: [(&str, &[u8]); 5] = [
            ("application/json", &body),
            ("multipart/form-data", &body),
            ("multipart/form-data; boundary=yy", &body),
            (&content_type, b""),
            (&content_type, b"--xx\r\nContent-Disposition: form-data; name=\"json\"\r\n\r\n{}\r\n--xx--"),
        ];
        for (content_type, body) in cases {
            assert_eq!(Callback::read(content_type, body), Err(CallbackError::Malformed));
        }
        let (content_type, body) = form(&json(KEY, "1800000000").replace("req1", "../../x"));
        assert_eq!(Callback::read(&content_type, &body), Err(CallbackError::Malformed));
    }
}
