//! The tools that a request offers.

use serde::{Deserialize, de::SeqAccess};

use super::{
    lenient::{Lenient, lenient},
    values::{Object, Text},
};

/// Names that are kept; all tools are counted.
const NAMES: usize = 64;

/// How many tools a list holds, and their names: `name`, that of `function` or `custom`, or the
/// `type` of a tool that the provider brings.
#[derive(Debug, Default)]
pub(in crate::llm) struct Tools {
    /// Their number, if there is a list.
    pub(in crate::llm) count: Option<u64>,
    /// Their names, in order.
    pub(in crate::llm) names: Vec<String>,
}

impl<'de> Lenient<'de> for Tools {
    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut tools = Self {
            count: Some(0),
            names: Vec::new(),
        };
        while let Some(tool) = list.next_element::<Object<Tool<'de>>>()? {
            tools.count = tools.count.map(|count| count.saturating_add(1));
            let name = tool.0.as_ref().and_then(Tool::name);
            if let Some(name) = name.filter(|_| tools.names.len() < NAMES) {
                tools.names.push(name.to_owned());
            }
        }
        Ok(tools)
    }
}

lenient!(Tools);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tool<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    function: Object<Named<'a>>,
    custom: Object<Named<'a>>,
    #[serde(rename = "type")]
    kind: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named<'a> {
    #[serde(borrow)]
    name: Text<'a>,
}

impl Tool<'_> {
    fn name(&self) -> Option<&str> {
        let nested = self.function.0.as_ref().or(self.custom.0.as_ref());
        self.name
            .as_str()
            .or_else(|| nested.and_then(|named| named.name.as_str()))
            .or_else(|| self.kind.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::values::read, *};

    #[test]
    fn every_way_to_name_a_tool() {
        let tools = read::<Tools>(
            br#"[{"type":"function","function":{"name":"a","parameters":{"x":[1]}}},
                {"type":"function","name":"b"},{"name":"c","input_schema":{}},
                {"type":"web_search_preview"},{"type":"custom","custom":{"name":"d"}},7]"#,
        )
        .expect("json");
        assert_eq!(tools.count, Some(6));
        assert_eq!(tools.names, ["a", "b", "c", "web_search_preview", "d"]);
        assert_eq!(read::<Tools>(b"null").expect("json").count, None);
    }
}
