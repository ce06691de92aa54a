//! How an action of staff that may need two people is answered.

use rastup_store::approval::Approval;
use serde_json::{Value, json};

/// `WAITS` with the request that another person has to repeat, or `DONE`.
pub(super) fn decision(approval: &Approval) -> Value {
    match approval {
        Approval::Waits { approval_id, expires_at } => {
            json!({ "status": "WAITS", "approvalId": approval_id, "expiresAt": expires_at })
        }
        Approval::Given { approval_id, .. } => json!({ "status": "DONE", "approvalId": approval_id }),
    }
}

/// The answer to an action that needed nobody else.
pub(super) fn done() -> Value {
    json!({ "status": "DONE" })
}
