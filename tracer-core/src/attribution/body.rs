//! Members of a request's body, found in one pass that builds nothing else.

use std::{borrow::Cow, fmt};

use memchr::memmem;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Whether a body may hold a member of this name: its text stands there in quotes, with a colon behind.
/// Most bodies hold none of the names, and are not parsed.
pub(super) fn may_hold(body: &[u8], name: &memmem::Finder<'_>) -> bool {
    name.find_iter(body).any(|at| {
        let behind = body.get(at + name.needle().len()..).unwrap_or_default();
        let mut behind = behind.iter().filter(|byte| !byte.is_ascii_whitespace());
        behind.next() == Some(&b':')
    })
}

/// Tells the value at each of `paths`, by its place there: strings and numbers, none of what a body that
/// breaks off does not hold whole. The last one of a repeated name counts.
pub(super) fn read<P: AsRef<[String]>>(
    paths: &[P],
    body: &[u8],
    mut tell: impl FnMut(usize, &str),
) {
    let wanted = paths.iter().map(AsRef::as_ref).enumerate().collect();
    let walk = Walk {
        wanted,
        tell: &mut tell,
    };
    // What came before something that is no JSON was told.
    let _ = walk.deserialize(&mut serde_json::Deserializer::from_slice(body));
}

/// A value, and where what is wanted of it is from here.
struct Walk<'w, F> {
    wanted: Vec<(usize, &'w [String])>,
    tell: &'w mut F,
}

impl<F: FnMut(usize, &str)> Walk<'_, F> {
    fn tell(self, value: &str) {
        for (place, path) in self.wanted {
            if path.is_empty() {
                (self.tell)(place, value);
            }
        }
    }
}

impl<'de, F: FnMut(usize, &str)> DeserializeSeed<'de> for Walk<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(usize, &str)> Visitor<'de> for Walk<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.tell(&value.to_string());
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.tell(&value.to_string());
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.tell(value);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Name<'de>>()? {
            let within = |(place, path): &(usize, &'_ [String])| match path.split_first() {
                Some((first, rest)) if **first == *name.0 => Some((*place, rest.len())),
                _ => None,
            };
            let found: Vec<_> = self.wanted.iter().filter_map(within).collect();
            if found.is_empty() {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let wanted = self.wanted.iter().filter(|it| within(it).is_some());
            let wanted = wanted.filter_map(|(place, path)| Some((*place, path.get(1..)?)));
            map.next_value_seed(Walk {
                wanted: wanted.collect(),
                tell: &mut *self.tell,
            })?;
        }
        Ok(())
    }
}

/// The name of a member, borrowed where it can be.
struct Name<'a>(Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a member")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(paths: &[&str], body: &str) -> Vec<Option<String>> {
        let paths: Vec<Vec<String>> = paths
            .iter()
            .map(|path| path.split('.').map(str::to_owned).collect())
            .collect();
        let mut values = vec![None; paths.len()];
        read(&paths, body.as_bytes(), |place, value| {
            values[place] = Some(value.to_owned());
        });
        values
    }

    #[test]
    fn members_at_any_depth_are_found_in_one_pass() {
        let body = r#"{"messages":[{"role":"user","content":"\"user\":\"canary\""}],
            "metadata":{"user_id":"jane","n":7,"deep":{"team":"search"}},"user":"u\u0031","metadata2":1}"#;
        assert_eq!(
            values(
                &[
                    "metadata.user_id",
                    "metadata.n",
                    "metadata.deep.team",
                    "user",
                    "metadata"
                ],
                body
            ),
            [
                Some("jane".into()),
                Some("7".into()),
                Some("search".into()),
                Some("u1".into()),
                None
            ]
        );
    }

    #[test]
    fn what_came_before_the_end_is_told() {
        assert_eq!(
            values(
                &["user", "metadata.a"],
                r#"{"user":"jane","metadata":{"a":"b"#
            ),
            [Some("jane".into()), None]
        );
        for body in ["", "[1]", "nonsense", "{\"user\":", "\"user\""] {
            assert_eq!(values(&["user"], body), [None], "{body}");
        }
    }

    #[test]
    fn a_role_is_no_member() {
        let user = memmem::Finder::new(b"\"user\"");
        assert!(!may_hold(
            br#"{"messages":[{"role":"user","content":"hi"}]}"#,
            &user
        ));
        assert!(may_hold(
            br#"{"messages":[{"role":"user"}],"user" : "jane"}"#,
            &user
        ));
    }
}
