//! The words of the context: who signs what, in which state. Rules over them live in `rules`.

use std::collections::BTreeMap;

use rastup_types::{
    DocId, LbgId, LegId, UserId,
    pricing::{LegType, ProfileRole},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a person is in a document (§1.5.D).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum SignerRole {
    /// Books and pays.
    Buyer,
    /// Is booked as a person.
    Talent,
    /// Is photographed; the talent, where nobody else is named.
    Model,
    /// Counter-signs a model release; the buyer, where nobody else is named.
    Photographer,
    /// Is booked for a place.
    StudioOwner,
}

impl SignerRole {
    /// Name in code, in the database and in events.
    pub fn as_str(self) -> &'static str {
        match self {
            SignerRole::Buyer => "buyer",
            SignerRole::Talent => "talent",
            SignerRole::Model => "model",
            SignerRole::Photographer => "photographer",
            SignerRole::StudioOwner => "studio_owner",
        }
    }
    /// Name as it is printed beside a signature.
    pub(crate) fn printed(self) -> &'static str {
        match self {
            SignerRole::Buyer => "Buyer",
            SignerRole::Talent => "Talent",
            SignerRole::Model => "Model",
            SignerRole::Photographer => "Photographer or producer",
            SignerRole::StudioOwner => "Studio owner or manager",
        }
    }
}

/// Which obligation of a leg a template meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum TemplateKind {
    /// Statement of work of every talent leg.
    TalentSow,
    /// Release of every leg of a model.
    ModelRelease,
    /// House rules of every studio leg.
    StudioHouseRules,
}

/// State of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum PackStatus {
    /// Decided; documents are being printed and sent.
    Draft,
    /// Every envelope is out.
    Issued,
    /// Everybody has signed everything.
    Signed,
    /// Ended without signatures: somebody declined, or the provider lost an envelope.
    Voided,
    /// Replaced, or to be replaced: the leg changed or an envelope expired.
    Superseded,
}

impl PackStatus {
    /// True while no other pack of the leg may exist.
    pub fn is_active(self) -> bool {
        match self {
            PackStatus::Draft | PackStatus::Issued | PackStatus::Signed => true,
            PackStatus::Voided | PackStatus::Superseded => false,
        }
    }
}

/// State of a document's envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum EnvelopeStatus {
    /// Not yet created.
    None,
    /// Waits for signatures.
    Sent,
    /// Everybody has signed.
    Completed,
    /// Somebody has refused.
    Declined,
    /// Withdrawn by us or lost by the provider.
    Voided,
    /// The time for signing is over.
    Expired,
}

/// A person who may sign. Not printable: it names a person.
#[derive(Clone, PartialEq, Eq)]
pub struct Party {
    /// What the person is in this leg.
    pub role: SignerRole,
    /// Account.
    pub user_id: UserId,
    /// Name as it is printed.
    pub legal_name: String,
    /// Where the provider knows the person.
    pub email: String,
}

/// What a leg needs documents for.
///
/// `parties` of a talent leg: `Buyer` and `Talent`; a model release is signed by `Model` and `Photographer`, which fall back
/// to the talent and the buyer. Of a studio leg: `Buyer` and `StudioOwner`.
///
/// `variables`, as JSON (a variable that no clause asks for is ignored; one that is absent and has a default takes it):
///
/// | type | variables | JSON |
/// |---|---|---|
/// | date | `service_date`, `model_dob` | `"2026-06-10"` |
/// | datetime | `start_time`, `end_time` | RFC 3339 with the city's offset: `"2026-06-10T14:00:00-05:00"` |
/// | money_cents | `total_price`, `taxes`, `deposit_amount` | whole number, not negative |
/// | address | `location_address` | one text, or an object with `line1`, `line2`, `city`, `region`, `postal_code`, `country` |
/// | duration | `duration` (default `P2Y`, at most `P5Y`) | ISO 8601, one unit: `"P2Y"`, `"P18M"`, `"P90D"` |
/// | enum | `territory` (default `United States`) | `United States`, `North America` or `Worldwide` |
/// | string | all others (`usage_scope`, `compensation_summary`, `damage_policy` have defaults) | text of 1 to 4 000 characters |
#[derive(Clone, PartialEq)]
pub struct PackRequest {
    /// The order.
    pub lbg_id: LbgId,
    /// The leg.
    pub leg_id: LegId,
    /// Talent or studio.
    pub leg_type: LegType,
    /// Role of the seller of a talent leg; none for a studio.
    pub role: Option<ProfileRole>,
    /// Normalised city code, such as `houston`.
    pub city: String,
    /// Who may sign.
    pub parties: Vec<Party>,
    /// Values of the variables.
    pub variables: BTreeMap<String, Value>,
}

/// A signed document, for receipts (§1.5.H).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedDocument {
    /// The document.
    pub doc_id: DocId,
    /// Title as printed.
    pub title: String,
    /// SHA-256 of the signed PDF, lowercase hex.
    pub sha256: String,
}
