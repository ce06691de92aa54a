//! Documents of a booking (§1.5): clause library, templates, packs, e-signature and hashes. Prices, legs and payments are not here.
//!
//! A pack belongs to one leg. [`issue_pack`] decides what must be signed and freezes the variables; the issue worker prints
//! the PDFs and creates the envelopes; the event worker follows the provider until the pack is signed.

pub mod api;
mod error;
mod events;
#[cfg(feature = "fixtures")]
pub mod fixtures;
mod issue;
mod library;
mod model;
mod packs;
mod print;
mod rules;
mod signing;
mod view;

pub use error::DocumentError;
pub use issue::{Issuer, cancel_envelopes, issue};
pub use model::{EnvelopeStatus, PackRequest, PackStatus, Party, SignedDocument, SignerRole, TemplateKind};
pub use packs::{is_signed, issue_pack, signed_documents, supersede};
pub use rules::variables::Problem;
pub use signing::{Applied, follow_envelope};
pub use view::{PackView, pack_json, pack_view};
