//! Pages of things that sort by their id: an opaque token names the last one of the page before.

use std::str::FromStr;

use rastup_types::ApiError;

/// Things of a page, at most.
const PAGE_MAX: i64 = 50;

/// How many things a client wants; 20 when it does not say. Error: `INPUT_INVALID`.
pub(super) fn limit(wanted: Option<i64>) -> Result<i64, ApiError> {
    let limit = wanted.unwrap_or(20);
    if (1..=PAGE_MAX).contains(&limit) {
        Ok(limit)
    } else {
        Err(ApiError::invalid("limit", "must be 1 to 50"))
    }
}

/// The id in a token. Error: `INPUT_INVALID`.
pub(super) fn before<I: FromStr>(token: Option<&str>, prefix: &str) -> Result<Option<I>, ApiError> {
    let id = token.map(|token| format!("{prefix}_{token}").parse());
    id.transpose().map_err(|_| ApiError::invalid("nextToken", "is not one that was answered"))
}

/// Cuts what was read beyond the page off, and answers with the token of the next one.
pub(super) fn cut<T>(found: &mut Vec<T>, limit: i64, token: impl Fn(&T) -> String) -> Option<String> {
    if usize::try_from(limit).is_ok_and(|limit| found.len() <= limit) {
        return None;
    }
    found.pop();
    found.last().map(token)
}
