//! Who calls: a person with roles, the backend itself, or nobody known.

use serde::{Deserialize, Serialize};

use crate::{ApiError, UserId};

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
    /// Staff: help, announcements and city pages.
    ContentOps,
    /// Staff: pins, synonyms and ranking of search.
    SearchCurator,
    /// Staff: clauses, templates and envelopes.
    DocsAdmin,
    /// Staff: city gates, and studios of a city.
    CityOps,
    /// Staff: promotions.
    Promotions,
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
            Role::Buyer
            | Role::Seller
            | Role::StudioOwner
            | Role::ContentOps
            | Role::SearchCurator
            | Role::DocsAdmin
            | Role::CityOps
            | Role::Promotions
            | Role::Engineering => false,
        }
    }

    /// True when the role carries the permission (§1.28.2).
    pub fn grants(self, permission: Permission) -> bool {
        use Permission as P;
        match self {
            Role::SuperAdmin => true,
            Role::FinanceOps => matches!(
                permission,
                P::OrderView
                    | P::Refund
                    | P::PayoutHold
                    | P::FinanceView
                    | P::FinanceConfigure
                    | P::Books
                    | P::Dispute
            ),
            Role::TrustSafety => matches!(
                permission,
                P::OrderView
                    | P::PayoutHold
                    | P::Dispute
                    | P::ListingUnpublish
                    | P::MediaDecide
                    | P::StudioVerify
            ),
            Role::Support => {
                matches!(permission, P::OrderView | P::Refund | P::DepositClaimDecide | P::Goodwill)
            }
            Role::Legal => matches!(permission, P::OrderView | P::Dispute),
            Role::SearchCurator => matches!(permission, P::SearchCurate | P::SearchConfigure),
            Role::CityOps => matches!(permission, P::StudioVerify | P::StudioTaxonomy | P::ListingUnpublish),
            Role::Engineering => matches!(permission, P::SearchOperate | P::SearchConfigure),
            Role::Buyer
            | Role::Seller
            | Role::StudioOwner
            | Role::ContentOps
            | Role::DocsAdmin
            | Role::Promotions => false,
        }
    }
}

/// What staff may do; roles carry lists of them (§1.28.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Read any order with its money.
    OrderView,
    /// Return money of an order.
    Refund,
    /// Keep payouts from leaving, and let them go.
    PayoutHold,
    /// Read the books, the close and its differences.
    FinanceView,
    /// Change fee rules, the merchant of record and reserves.
    FinanceConfigure,
    /// Close a day, adjust the books, export them.
    Books,
    /// Work on disputes and chargebacks.
    Dispute,
    /// Decide a studio's claim on a deposit.
    DepositClaimDecide,
    /// Credit a buyer's wallet within a cap.
    Goodwill,
    /// Verify studios and decide certificates of insurance.
    StudioVerify,
    /// Change the taxonomy of amenities.
    StudioTaxonomy,
    /// Take a listing down.
    ListingUnpublish,
    /// Decide about quarantined media.
    MediaDecide,
    /// Pins and synonyms.
    SearchCurate,
    /// Weights and fairness rules of search.
    SearchConfigure,
    /// Reindex and read the health of search.
    SearchOperate,
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
    /// True when one of the caller's roles carries the permission. The backend itself acts for nobody: it has none.
    pub fn may(&self, permission: Permission) -> bool {
        match self {
            Actor::User { roles, .. } => roles.iter().any(|role| role.grants(permission)),
            Actor::System | Actor::Anonymous => false,
        }
    }
    /// The account of staff with the permission. Error: `FORBIDDEN`.
    pub fn require(&self, permission: Permission) -> Result<UserId, ApiError> {
        match self.user_id() {
            Some(user_id) if self.may(permission) => Ok(user_id),
            Some(_) | None => Err(ApiError::forbidden()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TypedId;

    fn staff(role: Role) -> Actor {
        Actor::User { user_id: UserId::from_uuid(uuid::Uuid::from_u128(1)), roles: vec![role] }
    }

    #[test]
    fn a_permission_comes_from_a_role_and_from_nothing_else() {
        for (role, permission, allowed) in [
            (Role::FinanceOps, Permission::Refund, true),
            (Role::Support, Permission::Refund, true),
            (Role::Support, Permission::Books, false),
            (Role::TrustSafety, Permission::PayoutHold, true),
            (Role::TrustSafety, Permission::Refund, false),
            (Role::SearchCurator, Permission::SearchCurate, true),
            (Role::SearchCurator, Permission::PayoutHold, false),
            (Role::SuperAdmin, Permission::Books, true),
            (Role::Buyer, Permission::OrderView, false),
        ] {
            assert_eq!(staff(role).may(permission), allowed, "{role:?} {permission:?}");
            assert_eq!(staff(role).require(permission).is_ok(), allowed, "{role:?} {permission:?}");
        }
        assert!(!Actor::System.may(Permission::Refund));
        assert!(!Actor::Anonymous.may(Permission::Refund));
    }
}
