//! Ids of users that tell more than the user.

use std::borrow::Cow;

use serde::Deserialize;

/// Claude Code writes `user_{hash}_account_{uuid}_session_{uuid}`, or an object with the same.
const SESSION: &str = "_session_";

#[derive(Deserialize)]
struct Parts<'a> {
    #[serde(borrow)]
    account_uuid: Option<Cow<'a, str>>,
    device_id: Option<Cow<'a, str>>,
}

/// The id without the session in it: one user has many.
pub(super) fn without_session(id: &str) -> Cow<'_, str> {
    if id.starts_with("user_")
        && let Some((user, _)) = id.split_once(SESSION)
    {
        // The account may be empty.
        return user.trim_end_matches("_account_").into();
    }
    if id.starts_with('{')
        && let Ok(parts) = serde_json::from_str::<Parts<'_>>(id)
    {
        let account = parts.account_uuid.filter(|id| !id.is_empty());
        return account.or(parts.device_id).unwrap_or_default();
    }
    id.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_has_one_id() {
        for (id, user) in [
            ("user_1f_account_a-b_session_c-d", "user_1f_account_a-b"),
            ("user_1f_account__session_c-d", "user_1f"),
            (
                r#"{"device_id":"d","account_uuid":"a","session_id":"s"}"#,
                "a",
            ),
            (
                r#"{"device_id":"d","account_uuid":"","session_id":"s"}"#,
                "d",
            ),
            (r#"{"session_id":"s"}"#, ""),
            ("jane", "jane"),
            ("a_session_b", "a_session_b"),
        ] {
            assert_eq!(without_session(id), user, "{id}");
        }
    }
}
