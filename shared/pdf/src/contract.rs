//! A contract of a leg (§1.5.D): its data, and how the data becomes the words of the template.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::engine::{self, Template};
use crate::markdown::{self, Block};
use crate::page::{Fact, Head};
use crate::{RenderError, text};

/// One contract, ready to print: template and clauses chosen, variables in place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractDocument {
    /// Name at the head of every page.
    pub brand: String,
    /// Title, also the PDF's.
    pub title: String,
    /// `doc_…`
    pub doc_id: String,
    /// `lbg_…`
    pub lbg_id: String,
    /// `leg_…`
    pub leg_id: String,
    /// Name of the template.
    pub template_name: String,
    /// Published version of the template.
    pub template_version: i32,
    /// Clauses in their order.
    pub clauses: Vec<Clause>,
    /// Who signs, in the order of signing.
    pub signers: Vec<Signer>,
    /// When the document was made; its date.
    pub generated_at: DateTime<Utc>,
    /// Short hash of the content for the footer, such as [`crate::fingerprint`] of the bound clauses; 16 characters show.
    pub content_fingerprint: String,
}

/// A clause of a published version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clause {
    /// Heading in the document.
    pub heading: String,
    /// Name in the clause library.
    pub name: String,
    /// Published version.
    pub version: i32,
    /// Markdown of §1.5.C. Values put in place of variables must have gone through [`crate::escape_markdown`].
    pub body: String,
}

/// A party that signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signer {
    /// What the party is in this contract: `Buyer`, `Photographer`.
    pub role: String,
    /// Name as it is printed.
    pub name: String,
}

#[derive(Serialize)]
struct View {
    #[serde(flatten)]
    head: Head,
    signers: Vec<SignerView>,
    clauses: Vec<ClauseView>,
}

#[derive(Serialize)]
struct SignerView {
    role: String,
    name: String,
}

#[derive(Serialize)]
struct ClauseView {
    heading: String,
    reference: String,
    blocks: Vec<Block>,
}

/// Renders a contract as PDF/A; equal documents give equal bytes.
pub fn render_contract(document: &ContractDocument) -> Result<Vec<u8>, RenderError> {
    engine::render(Template::Contract, data(document)?, &document.doc_id, document.generated_at)
}

/// The data file of the template.
pub(crate) fn data(document: &ContractDocument) -> Result<Vec<u8>, RenderError> {
    let references = vec![
        Fact::code("Booking", &document.lbg_id),
        Fact::code("Leg", &document.leg_id),
        Fact::code("Document", &document.doc_id),
    ];
    let kind = format!("{} · version {}", document.template_name, document.template_version);
    let parts: Vec<String> = document.clauses.iter().map(reference).collect();
    let view = View {
        head: Head::new(
            &document.brand,
            &document.title,
            &kind,
            references,
            &document.content_fingerprint,
            document.generated_at,
        )
        .made_of(&parts),
        signers: document
            .signers
            .iter()
            .map(|signer| SignerView { role: text::line(&signer.role), name: text::line(&signer.name) })
            .collect(),
        clauses: document
            .clauses
            .iter()
            .map(|clause| ClauseView {
                heading: text::line(&clause.heading),
                reference: reference(clause),
                blocks: markdown::blocks(&clause.body),
            })
            .collect(),
    };
    serde_json::to_vec(&view).map_err(|error| RenderError::Typesetting(error.to_string()))
}

fn reference(clause: &Clause) -> String {
    format!("{} v{}", text::line(&clause.name), clause.version)
}
