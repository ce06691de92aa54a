//! Contracts and receipts as PDF: plain data in, bytes out; who may see a document and where it is kept is not here.
//!
//! Equal input gives equal bytes (§1.5.H, §1.3.O): the only date is the document's own, the fonts are in the binary, and
//! neither clock, environment, file system nor network is read. Text of users is set as text: it reaches the typesetter as
//! JSON values and never as markup.

mod account;
mod contract;
mod engine;
mod markdown;
mod page;
mod receipt;
mod statement;
mod text;

use serde::Serialize;
use sha2::{Digest, Sha256};

pub use account::{AccountStatement, Movement, render_account_statement};
pub use contract::{Clause, ContractDocument, Signer, render_contract};
pub use markdown::escape_markdown;
pub use receipt::{
    DocumentReference, GroupReceiptDocument, Line, Party, Payment, PolicyBand, ReceiptDocument, Refund,
    TaxLine, Window, render_group_receipt, render_receipt,
};
pub use text::format_money;

/// Most data one document may hold, bytes of JSON; about two hundred pages.
pub const MAX_DOCUMENT_BYTES: usize = 512 * 1024;

/// Why a document was not rendered. Holds no text of the document, so it may be logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// Amounts that must add up do not; a receipt with a wrong sum is never printed.
    #[error("{what} does not add up: the parts make {parts} cents, the document says {stated}")]
    Unbalanced {
        /// Which sum.
        what: &'static str,
        /// What the parts make, cents.
        parts: i128,
        /// What the document says, cents.
        stated: i64,
    },
    /// The document is larger than [`MAX_DOCUMENT_BYTES`].
    #[error("the document holds {bytes} bytes, more than {MAX_DOCUMENT_BYTES}")]
    TooLarge {
        /// Size of the document, bytes of JSON.
        bytes: usize,
    },
    /// A window names a time zone that the IANA database does not have.
    #[error("the window's time zone is not an IANA name")]
    UnknownTimeZone,
    /// The document's date lies outside the years 0 to 9999, which is all a PDF can state.
    #[error("the document's date lies outside the years 0 to 9999")]
    Date,
    /// The typesetter refused: a fault of the templates, not of the input.
    #[error("typesetting failed: {0}")]
    Typesetting(String),
}

/// SHA-256 of `bytes`, lowercase hex; what §1.5.H stores beside a document.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Short fingerprint of what a document says: the first 16 hex digits of the SHA-256 of its JSON. It stands in the footer,
/// where the hash of the PDF itself cannot stand.
pub fn fingerprint<T: Serialize>(content: &T) -> Result<String, RenderError> {
    let json = serde_json::to_vec(content).map_err(|error| RenderError::Typesetting(error.to_string()))?;
    Ok(sha256_hex(&json).chars().take(16).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one_and_the_fingerprint_its_beginning() {
        assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(fingerprint(&"abc"), Ok(sha256_hex(b"\"abc\"")[..16].to_owned()));
    }
}
