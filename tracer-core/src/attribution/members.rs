//! Values in headers: members of `baggage`, and of objects in JSON.

use percent_encoding::percent_decode_str;

use super::body;

/// The value of a key of W3C baggage: `key=value;property,key=value`, percent-encoded.
///
/// <https://www.w3.org/TR/baggage/#header-content>
pub(super) fn baggage(header: &str, key: &str) -> Option<String> {
    header.split(',').find_map(|member| {
        let (name, value) = member.split_once('=')?;
        let value = value.split(';').next()?;
        let is_it = name.trim() == key;
        is_it.then(|| {
            percent_decode_str(value.trim())
                .decode_utf8_lossy()
                .into_owned()
        })
    })
}

/// The value at a path of the object in a header.
pub(super) fn json(header: &str, path: &[String]) -> Option<String> {
    let mut found = None;
    body::read(&[path], header.as_bytes(), |_, value| {
        found.get_or_insert_with(|| value.to_owned());
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_baggage() {
        let header = "team=search%20%26%20find;ttl=1, user.id = jane ,empty=,broken";
        assert_eq!(baggage(header, "team").as_deref(), Some("search & find"));
        assert_eq!(baggage(header, "user.id").as_deref(), Some("jane"));
        assert_eq!(baggage(header, "empty").as_deref(), Some(""));
        for key in ["broken", "ttl", "Team"] {
            assert_eq!(baggage(header, key), None, "{key}");
        }
    }

    #[test]
    fn members_of_objects() {
        let header = r#"{"_user":"jane","tags":{"team":"search"},"n":7}"#;
        let at = |path: &str| {
            let path: Vec<_> = path.split('.').map(str::to_owned).collect();
            json(header, &path)
        };
        assert_eq!(at("_user").as_deref(), Some("jane"));
        assert_eq!(at("tags.team").as_deref(), Some("search"));
        assert_eq!(at("n").as_deref(), Some("7"));
        assert_eq!(at("tags"), None);
    }
}
