//! The account of a person: the facts that contracts need. Personal data: never in events, logs or errors.

use chrono::NaiveDate;
use rastup_store::Unit;
use rastup_types::UserId;

/// A person.
#[derive(Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Account {
    /// Identity.
    pub user_id: UserId,
    /// Name as in an identity document.
    pub legal_name: String,
    /// Where documents are sent.
    pub email: String,
    /// Needed from models only.
    pub date_of_birth: Option<NaiveDate>,
}

impl std::fmt::Debug for Account {
    /// Shows the id only, so that a log line can never carry the rest.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// The account, if there is one.
pub async fn account(unit: &mut Unit, user_id: UserId) -> Result<Option<Account>, sqlx::Error> {
    sqlx::query_as(
        "select user_id, legal_name, email, date_of_birth from profiles.app_user where user_id = $1",
    )
    .bind(user_id)
    .fetch_optional(unit.conn())
    .await
}
