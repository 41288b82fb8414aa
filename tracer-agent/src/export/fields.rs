//! Values with names, in the order in which they are to be read: a message, field by field.

use std::{borrow::Cow, fmt::Write as _};

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap as _, SerializeSeq as _},
};
use serde_json::Value as Json;

/// A field of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    /// One value, which may be a document.
    Value(Json),
    /// Fields with names.
    Named(Fields),
    /// Fields without names.
    Listed(Vec<Fields>),
}

/// Fields with names. What is empty is not among them, as in a message on the wire.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fields(Vec<(Cow<'static, str>, Field)>);

impl Fields {
    /// Adds a value, whatever it is.
    pub fn value(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Json>) {
        self.0.push((name.into(), Field::Value(value.into())));
    }

    /// Adds a text, if it has any.
    pub fn text(&mut self, name: &'static str, text: String) {
        if !text.is_empty() {
            self.value(name, text);
        }
    }

    /// Adds a number, unless it is zero.
    pub fn count(&mut self, name: &'static str, count: impl Into<u64>) {
        let count = count.into();
        if count > 0 {
            self.value(name, count);
        }
    }

    /// Adds fields below this name, if there are any.
    pub fn named(&mut self, name: &'static str, fields: Self) {
        if !fields.is_empty() {
            self.0.push((name.into(), Field::Named(fields)));
        }
    }

    /// Adds a list of fields below this name, if there are any.
    pub fn listed(&mut self, name: &'static str, items: Vec<Self>) {
        if !items.is_empty() {
            self.0.push((name.into(), Field::Listed(items)));
        }
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each value with the way to it: `span.events[0].name`.
    pub fn values(&self) -> Vec<(String, &Json)> {
        let mut values = Vec::new();
        self.collect("", &mut values);
        values
    }

    fn collect<'a>(&'a self, above: &str, values: &mut Vec<(String, &'a Json)>) {
        for (name, field) in &self.0 {
            let dot = if above.is_empty() { "" } else { "." };
            let mut path = format!("{above}{dot}{name}");
            match field {
                Field::Value(value) => values.push((path, value)),
                Field::Named(fields) => fields.collect(&path, values),
                Field::Listed(items) => {
                    let length = path.len();
                    for (index, item) in items.iter().enumerate() {
                        path.truncate(length);
                        let _ = write!(path, "[{index}]");
                        item.collect(&path, values);
                    }
                }
            }
        }
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, field) in &self.0 {
            map.serialize_entry(name, field)?;
        }
        map.end()
    }
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Named(fields) => fields.serialize(serializer),
            Self::Listed(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_its_way_and_what_is_empty_has_none() {
        let mut event = Fields::default();
        event.text("name", "found".to_owned());
        event.count("flags", 0_u32);
        let mut span = Fields::default();
        span.text("trace_state", String::new());
        span.listed("events", vec![Fields::default(), event]);
        span.value("attributes", serde_json::json!({"a": [1]}));
        let mut all = Fields::default();
        all.named("span", span);
        all.named("links", Fields::default());
        let values = all.values();
        let values: Vec<_> = values
            .iter()
            .map(|(path, value)| format!("{path}={value}"))
            .collect();
        assert_eq!(
            values,
            [
                r#"span.events[1].name="found""#,
                r#"span.attributes={"a":[1]}"#
            ]
        );
        assert_eq!(
            serde_json::to_string(&all).unwrap(),
            r#"{"span":{"events":[{},{"name":"found"}],"attributes":{"a":[1]}}}"#
        );
    }
}
