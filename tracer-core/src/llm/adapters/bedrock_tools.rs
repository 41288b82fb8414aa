//! The tools of a conversation: `{"tools": [{"toolSpec": {"name", …}}, …]}`.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolConfiguration.html>.

use serde::{Deserialize, de::SeqAccess};

use crate::llm::json::{Filled, Lenient, Object, Text, lenient};

/// Names that are kept; all tools are counted.
const NAMES: usize = 64;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ToolConfig {
    pub(super) tools: Specs,
}

/// How many tools a list holds, and their names. Marks of the cache stand between them.
#[derive(Debug, Default)]
pub(super) struct Specs {
    /// Their number, if there is a list.
    pub(super) count: Option<u64>,
    /// Their names, in order.
    pub(super) names: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Item<'a> {
    #[serde(borrow)]
    tool_spec: Object<Named<'a>>,
    system_tool: Object<Named<'a>>,
    cache_point: Filled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named<'a> {
    #[serde(borrow)]
    name: Text<'a>,
}

impl<'de> Lenient<'de> for Specs {
    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut count = 0_u64;
        let mut names = Vec::new();
        while let Some(item) = list.next_element::<Object<Item<'de>>>()? {
            let item = item.0.unwrap_or_default();
            if item.cache_point.0 {
                continue;
            }
            count = count.saturating_add(1);
            let named = item.tool_spec.0.or(item.system_tool.0).unwrap_or_default();
            if let Some(name) = named.name.owned().filter(|_| names.len() < NAMES) {
                names.push(name);
            }
        }
        Ok(Self {
            count: Some(count),
            names,
        })
    }
}

lenient!(Specs);
