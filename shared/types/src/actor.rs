//! Who calls: a person with roles, the backend itself, or nobody known.

use serde::{Deserialize, Serialize};

use crate::UserId;

/// A role of an account; a Cognito group of the same name (§1.12.G, §1.28.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Books.
    Buyer,
    /// Is booked as a person.
    Seller,
    /// Is booked for a place.
    StudioOwner,
    /// Staff: everything.
    SuperAdmin,
    /// Staff: trust and safety.
    TrustSafety,
    /// Staff: finance operations.
    FinanceOps,
    /// Staff: support.
    Support,
    /// Staff: legal.
    Legal,
    /// Staff: engineering.
    Engineering,
}

impl Role {
    /// The role of a Cognito group; groups of other systems are not roles.
    pub fn from_group(group: &str) -> Option<Role> {
        serde_json::from_value(serde_json::Value::String(group.to_owned())).ok()
    }

    /// True for roles of staff that may read orders.
    pub fn reads_orders(self) -> bool {
        match self {
            Role::SuperAdmin | Role::FinanceOps | Role::Support | Role::Legal | Role::TrustSafety => true,
            Role::Buyer | Role::Seller | Role::StudioOwner | Role::Engineering => false,
        }
    }
}

/// The caller of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in person.
    User {
        /// Their account.
        user_id: UserId,
        /// Their roles.
        roles: Vec<Role>,
    },
    /// Another part of the backend, authenticated by IAM, or a job, step or worker.
    System,
    /// Somebody unknown, who may read public pages.
    Anonymous,
}

impl Actor {
    /// The account of a signed-in person.
    pub fn user_id(&self) -> Option<UserId> {
        match self {
            Actor::User { user_id, .. } => Some(*user_id),
            Actor::System | Actor::Anonymous => None,
        }
    }
    /// True when the caller has the role.
    pub fn has(&self, role: Role) -> bool {
        match self {
            Actor::User { roles, .. } => roles.contains(&role),
            Actor::System | Actor::Anonymous => false,
        }
    }
    /// True when the caller is staff who may read orders.
    pub fn reads_orders(&self) -> bool {
        match self {
            Actor::User { roles, .. } => roles.iter().any(|role| role.reads_orders()),
            Actor::System => true,
            Actor::Anonymous => false,
        }
    }
    /// Stable name for audit rows and idempotency records.
    pub fn key(&self) -> String {
        match self {
            Actor::User { user_id, .. } => user_id.to_string(),
            Actor::System => "system".to_owned(),
            Actor::Anonymous => "anonymous".to_owned(),
        }
    }
}
