//! What the tests share: a world with legs to document, an in-memory bucket, and shortcuts through the path.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use documents::{Issuer, PackRequest, Party, SignerRole, api, issue_pack};
use rastup_providers::esign::{Callback, FakeESign, callback_hash};
use rastup_runtime::{Objects, webhook::HttpRequest};
use rastup_store::{Store, sqlx};
use rastup_testkit::{World, outbox_events, system, user};
use rastup_types::{
    ApiError, Event, LbgId, LegId, PackId, UserId,
    id::TypedId,
    pricing::{LegType, ProfileRole},
};
use serde_json::{Value, json};

pub(crate) const API_KEY: &str = "test-esign-key";

/// A bucket in memory that counts its writes.
#[derive(Default)]
pub(crate) struct Bucket {
    objects: Mutex<BTreeMap<String, Vec<u8>>>,
    puts: Mutex<Vec<(String, Vec<u8>)>>,
}

impl Bucket {
    pub(crate) fn keys(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }
    pub(crate) fn replace(&self, key: &str, content: &[u8]) {
        self.objects.lock().unwrap().insert(key.to_owned(), content.to_vec());
    }
    pub(crate) fn puts(&self) -> Vec<(String, Vec<u8>)> {
        self.puts.lock().unwrap().clone()
    }
}

#[async_trait]
impl Objects for Bucket {
    async fn put(&self, key: &str, content_type: &str, content: Vec<u8>) -> Result<(), ApiError> {
        assert_eq!(content_type, "application/pdf");
        self.puts.lock().unwrap().push((key.to_owned(), content.clone()));
        self.replace(key, &content);
        Ok(())
    }
    async fn get(&self, key: &str) -> Result<Vec<u8>, ApiError> {
        self.objects.lock().unwrap().get(key).cloned().ok_or_else(|| ApiError::transient("no such object"))
    }
    async fn presigned_url(&self, key: &str) -> Result<String, ApiError> {
        Ok(format!("https://bucket.example.test/{key}"))
    }
}

pub(crate) struct Desk {
    pub(crate) world: World,
    pub(crate) bucket: Arc<Bucket>,
    pub(crate) esign: Arc<FakeESign>,
    pub(crate) issuer: Issuer,
}

pub(crate) fn buyer() -> UserId {
    user(1)
}
pub(crate) fn seller() -> UserId {
    user(2)
}

pub(crate) fn lbg() -> LbgId {
    LbgId::from_uuid(user(10).as_uuid())
}
pub(crate) fn leg(number: u128) -> LegId {
    LegId::from_uuid(user(number).as_uuid())
}

fn party(role: SignerRole, user_id: UserId, name: &str, email: &str) -> Party {
    Party { role, user_id, legal_name: name.to_owned(), email: email.to_owned() }
}

fn variables(more: Value) -> BTreeMap<String, Value> {
    let common = json!({
        "booking_ref": lbg(),
        "service_date": "2026-06-10",
        "start_time": "2026-06-10T14:00:00-05:00",
        "end_time": "2026-06-10T18:00:00-05:00",
        "location_address": {"line1": "1 Main Street", "city": "Houston", "region": "TX", "postal_code": "77002"},
        "buyer_legal_name": "Avery Buyer",
        "seller_legal_name": "Sam Seller",
        "deliverables_summary": "20 edited photographs within 7 days",
        "total_price": 53_713,
        "taxes": 3_713,
        "cancellation_policy_summary": "72 hours or more before the start: 100 % refunded.",
    });
    let mut all: BTreeMap<String, Value> = serde_json::from_value(common).unwrap();
    all.extend(serde_json::from_value::<BTreeMap<String, Value>>(more).unwrap());
    all
}

/// A photographer's leg in Houston.
pub(crate) fn talent_leg() -> PackRequest {
    PackRequest {
        lbg_id: lbg(),
        leg_id: leg(11),
        leg_type: LegType::Talent,
        role: Some(ProfileRole::Photographer),
        city: "houston".to_owned(),
        parties: vec![
            party(SignerRole::Buyer, buyer(), "Avery Buyer", "avery@example.com"),
            party(SignerRole::Talent, seller(), "Sam Seller", "sam@example.com"),
        ],
        variables: variables(json!({})),
    }
}

/// A model's leg in Los Angeles: two documents.
pub(crate) fn model_leg() -> PackRequest {
    PackRequest {
        role: Some(ProfileRole::Model),
        city: "los_angeles".to_owned(),
        variables: variables(json!({ "model_legal_name": "Sam Seller", "model_dob": "1998-04-05" })),
        ..talent_leg()
    }
}

/// A studio's leg in Houston.
pub(crate) fn studio_leg() -> PackRequest {
    PackRequest {
        leg_id: leg(12),
        leg_type: LegType::Studio,
        role: None,
        parties: vec![
            party(SignerRole::Buyer, buyer(), "Avery Buyer", "avery@example.com"),
            party(SignerRole::StudioOwner, seller(), "Sam Seller", "sam@example.com"),
        ],
        variables: variables(json!({ "studio_name": "Daylight Loft", "deposit_amount": 30_000 })),
        ..talent_leg()
    }
}

impl Desk {
    pub(crate) async fn new() -> Desk {
        let world = World::new().await;
        let (bucket, esign) = (Arc::new(Bucket::default()), Arc::new(FakeESign::default()));
        let issuer = Issuer { store: world.store.clone(), objects: bucket.clone(), esign: esign.clone() };
        Desk { world, bucket, esign, issuer }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.world.store
    }

    /// Decides a pack, without printing it.
    pub(crate) async fn draft(&self, request: &PackRequest) -> PackId {
        let mut unit = self.store().unit(&system()).await.unwrap();
        let pack_id = issue_pack(&mut unit, request).await.unwrap();
        unit.commit().await.unwrap();
        pack_id
    }

    /// Decides, prints and sends a pack.
    pub(crate) async fn issued(&self, request: &PackRequest) -> PackId {
        let pack_id = self.draft(request).await;
        self.work_issue("doc.pack.create").await.unwrap();
        pack_id
    }

    /// The newest event of a name.
    pub(crate) async fn last(&self, name: &str) -> Option<Event> {
        outbox_events(self.store()).await.into_iter().rfind(|event| event.event == name)
    }

    pub(crate) async fn count(&self, name: &str) -> usize {
        outbox_events(self.store()).await.iter().filter(|event| event.event == name).count()
    }

    /// Gives the newest event of a name to the issue worker.
    pub(crate) async fn work_issue(&self, name: &str) -> Result<(), ApiError> {
        let event = self.last(name).await.expect("the event was published");
        api::documents_issue_worker::handle(self.issuer.clone(), event, system()).await
    }

    /// A callback as the provider sends it.
    pub(crate) fn callback(&self, kind: &str, envelope_id: &str, signature_id: Option<&str>) -> HttpRequest {
        let time = self.store().now().timestamp().to_string();
        callback_request(API_KEY, kind, &time, Some(envelope_id), signature_id)
    }

    /// Receives a callback and follows it at once.
    pub(crate) async fn hear(&self, kind: &str, envelope_id: &str) -> Result<(), ApiError> {
        self.hear_again(self.callback(kind, envelope_id, None)).await
    }

    pub(crate) async fn hear_again(&self, request: HttpRequest) -> Result<(), ApiError> {
        self.receive(request).await?;
        let event = self.last("webhook.esign.received").await.expect("it was stored");
        self.follow(event).await
    }

    pub(crate) async fn receive(&self, request: HttpRequest) -> Result<String, ApiError> {
        let deps = api::esign_webhook::Deps { store: self.store().clone(), api_key: API_KEY.to_owned() };
        api::esign_webhook::handle(deps, request, system()).await
    }

    pub(crate) async fn follow(&self, event: Event) -> Result<(), ApiError> {
        api::esign_event_worker::handle(self.issuer.clone(), event, system()).await
    }

    pub(crate) async fn pack_status(&self, pack_id: PackId) -> String {
        sqlx::query_scalar("select status from documents.doc_pack where pack_id = $1")
            .bind(pack_id)
            .fetch_one(self.store().pool())
            .await
            .unwrap()
    }

    pub(crate) async fn envelope_statuses(&self, pack_id: PackId) -> Vec<String> {
        sqlx::query_scalar(
            "select envelope_status from documents.doc_instance where pack_id = $1 order by position",
        )
        .bind(pack_id)
        .fetch_all(self.store().pool())
        .await
        .unwrap()
    }

    pub(crate) async fn is_signed(&self, leg_id: LegId) -> bool {
        let mut unit = self.store().unit(&system()).await.unwrap();
        documents::is_signed(&mut unit, leg_id).await.unwrap()
    }
}

pub(crate) fn callback_request(
    key: &str,
    kind: &str,
    time: &str,
    envelope_id: Option<&str>,
    signature_id: Option<&str>,
) -> HttpRequest {
    let body = json!({
        "event": {
            "event_type": kind, "event_time": time, "event_hash": callback_hash(key, time, kind),
            "event_metadata": { "related_signature_id": signature_id },
        },
        "signature_request": envelope_id.map(|id| json!({
            "signature_request_id": id, "title": "Statement of Work",
            "signatures": [{ "signer_email_address": "avery@example.com", "signer_name": "Avery Buyer" }],
        })),
    });
    let form = format!("--b\r\nContent-Disposition: form-data; name=\"json\"\r\n\r\n{body}\r\n--b--\r\n");
    let content_type = "multipart/form-data; boundary=b";
    assert!(Callback::read(content_type, form.as_bytes()).is_ok());
    HttpRequest::new(&[("Content-Type", content_type)], form)
}
