//! Which schemas are compiled, and how much work a check by one is at most.
//!
//! A validator goes through the members of a schema, and at each `$ref` through those of another
//! part of it. A few hundred bytes can make that as much as they like: parts that refer to the next
//! one twice, parts that refer to each other for ever. So the parts are walked once as a validator
//! would, which counts what it would look at; what has no bound is not compiled. Bias: a schema that
//! is refused is not checked, and nothing is said of the answer.

use std::collections::HashMap;

use serde_json::Value;

/// Values that a schema may hold.
const VALUES: u64 = 4096;
/// How deep schemas may stand in schemas, references followed.
const DEPTH: u32 = 48;
/// Looks at a value that one check may take.
const LOOKS: u64 = 4 << 20;
/// What a regular expression counts for: it is linear in the text, but not as cheap.
const PATTERN: u64 = 1024;

/// Keywords whose value is a schema for the same value.
const SAME: [&str; 5] = ["not", "if", "then", "else", "propertyNames"];
/// Lists of such schemas.
const SAME_LISTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];
/// Objects of such schemas.
const SAME_MAPS: [&str; 2] = ["dependentSchemas", "dependencies"];
/// Keywords whose value is a schema for what the value holds, or a list of them.
const INNER: [&str; 7] = [
    "items",
    "prefixItems",
    "additionalItems",
    "contains",
    "additionalProperties",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Objects of such schemas.
const INNER_MAPS: [&str; 2] = ["properties", "patternProperties"];
/// Keywords that make references mean something else.
const REFUSED: [&str; 7] = [
    "$id",
    "$anchor",
    "$dynamicRef",
    "$dynamicAnchor",
    "$recursiveRef",
    "$recursiveAnchor",
    "$vocabulary",
];

/// The work of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Work {
    /// Looks at one value and at what it holds, references followed once.
    looks: u64,
    /// References back to a part that they are in.
    returns: u64,
}

impl Work {
    /// The work of a check by `schema`; `None` if it has no bound.
    pub(super) fn of(schema: &Value) -> Option<Self> {
        let size = Size::of(schema);
        if size.values > VALUES || size.depth > DEPTH {
            return None;
        }
        let mut walk = Walk {
            root: schema,
            known: HashMap::new(),
        };
        walk.visit(schema, 0, 0)
    }

    /// Whether a check of `value`, of so many bytes, is not too much.
    pub(super) fn is_bounded(self, value: &Value, bytes: usize) -> bool {
        let size = Size::of(value);
        let again = self.returns.checked_pow(size.depth).unwrap_or(u64::MAX);
        let visits = again.saturating_mul(u64::from(size.depth.max(1)));
        let amount = size.values.saturating_add(bytes as u64 / 16);
        let looks = self.looks.saturating_mul(visits.max(1));
        looks.saturating_mul(amount) <= LOOKS
    }

    const fn plus(self, other: Self) -> Self {
        Self {
            looks: self.looks.saturating_add(other.looks),
            returns: self.returns.saturating_add(other.returns),
        }
    }
}

/// How large a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Size {
    values: u64,
    depth: u32,
}

impl Size {
    /// Parsers bound how deep values may be.
    fn of(value: &Value) -> Self {
        let inner: &mut dyn Iterator<Item = &Value> = match value {
            Value::Array(items) => &mut items.iter(),
            Value::Object(members) => &mut members.values(),
            _ => &mut std::iter::empty(),
        };
        let alone = Self {
            values: 1,
            depth: 0,
        };
        inner.map(Self::of).fold(alone, |all, one| Self {
            values: all.values.saturating_add(one.values),
            depth: all.depth.max(one.depth.saturating_add(1)),
        })
    }
}

/// A walk through a schema as a validator goes.
struct Walk<'a> {
    root: &'a Value,
    /// Parts by their address.
    known: HashMap<*const Value, Part>,
}

enum Part {
    /// Under way, so many values further out.
    Open(u32),
    Known(Work),
}

impl<'a> Walk<'a> {
    /// The work of a schema that is applied `inside` so many values.
    fn visit(&mut self, schema: &'a Value, inside: u32, depth: u32) -> Option<Work> {
        let Value::Object(members) = schema else {
            return Some(Work {
                looks: 1,
                returns: 0,
            });
        };
        if depth > DEPTH {
            return None;
        }
        match self.known.get(&std::ptr::from_ref(schema)) {
            Some(Part::Known(work)) => return Some(*work),
            // The same schema for the same value, for ever.
            Some(Part::Open(before)) if *before == inside => return None,
            Some(Part::Open(_)) => {
                return Some(Work {
                    looks: 1,
                    returns: 1,
                });
            }
            None => {}
        }
        self.known.insert(schema, Part::Open(inside));
        let mut work = Work {
            looks: 1,
            returns: 0,
        };
        for (name, value) in members {
            work = work.plus(self.keyword(name, value, inside, depth)?);
        }
        self.known.insert(schema, Part::Known(work));
        Some(work)
    }

    fn keyword(&mut self, name: &str, value: &'a Value, inside: u32, depth: u32) -> Option<Work> {
        if REFUSED.contains(&name) {
            return None;
        }
        let own = Work {
            looks: match name {
                "pattern" => PATTERN,
                "patternProperties" => {
                    PATTERN.saturating_mul(value.as_object().map_or(1, |all| all.len() as u64))
                }
                // What it compares with.
                "enum" | "const" | "required" => Size::of(value).values,
                _ => 1,
            },
            returns: 0,
        };
        let of_schemas = if name == "$ref" {
            let target = self.target(value.as_str()?)?;
            self.visit(target, inside, depth + 1)?
        } else if SAME.contains(&name) {
            self.visit(value, inside, depth + 1)?
        } else if SAME_LISTS.contains(&name) || SAME_MAPS.contains(&name) {
            self.all(value, inside, depth)?
        } else if INNER.contains(&name) && !value.is_array() {
            self.visit(value, inside + 1, depth + 1)?
        } else if INNER.contains(&name) || INNER_MAPS.contains(&name) {
            self.all(value, inside + 1, depth)?
        } else {
            Work::default()
        };
        Some(own.plus(of_schemas))
    }

    /// The work of all schemas of a list or an object.
    fn all(&mut self, schemas: &'a Value, inside: u32, depth: u32) -> Option<Work> {
        let mut work = Work::default();
        let inner: &mut dyn Iterator<Item = &'a Value> = match schemas {
            Value::Array(items) => &mut items.iter(),
            Value::Object(members) => &mut members.values(),
            _ => &mut std::iter::empty(),
        };
        for schema in inner {
            work = work.plus(self.visit(schema, inside, depth + 1)?);
        }
        Some(work)
    }

    /// What a reference refers to, if that is part of the schema.
    fn target(&self, reference: &str) -> Option<&'a Value> {
        let pointer = reference.strip_prefix('#')?;
        // Escapes of addresses: no schema that is written by a program has them.
        (!pointer.contains('%')).then(|| self.root.pointer(pointer))?
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// `n` parts of which each refers twice to the next.
    fn doubling(n: usize) -> Value {
        let parts: serde_json::Map<_, _> = (0..n)
            .map(|at| {
                let next = json!({"$ref": format!("#/$defs/p{}", at + 1)});
                (format!("p{at}"), json!({"anyOf": [next, next]}))
            })
            .chain([(format!("p{n}"), json!({"type": "string"}))])
            .collect();
        json!({"$ref": "#/$defs/p0", "$defs": parts})
    }

    fn is_checked(schema: &Value, value: &Value) -> bool {
        let bytes = value.to_string().len();
        Work::of(schema).is_some_and(|work| work.is_bounded(value, bytes))
    }

    #[test]
    fn common_schemas_are_admitted() {
        let person = json!({"type": "object", "required": ["name", "age"],
            "additionalProperties": false, "properties": {"name": {"type": "string", "minLength": 1},
            "age": {"type": "integer"}, "mail": {"type": "string", "pattern": "^.+@.+$"},
            "friends": {"type": "array", "items": {"$ref": "#/$defs/friend"}}},
            "$defs": {"friend": {"type": "object", "properties": {"name": {"enum": ["a", "b"]}}}}});
        let friends = vec![json!({"name": "a"}); 100];
        assert!(is_checked(
            &person,
            &json!({"name": "n", "age": 1, "friends": friends})
        ));
        let tree = json!({"type": "object", "properties": {"value": {"type": "string"},
            "children": {"type": "array", "items": {"$ref": "#"}}}});
        let mut value = json!({"value": "v", "children": []});
        for _ in 0..10 {
            value = json!({"value": "v", "children": [value, {"value": "w", "children": []}]});
        }
        assert!(is_checked(&tree, &value));
    }

    #[test]
    fn what_has_no_bound_is_refused() {
        for schema in [
            json!({"$ref": "#"}),
            json!({"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"not": {"$ref": "#"}}}}),
            json!({"$ref": "https://example.com/schema"}),
            json!({"$ref": "#/$defs/none"}),
            json!({"$dynamicRef": "#x"}),
            json!({"enum": vec![1; 5000]}),
        ] {
            assert_eq!(Work::of(&schema), None, "{schema}");
        }
        assert!(is_checked(&doubling(8), &json!("x")));
        assert!(!is_checked(&doubling(40), &json!("x")));
        // It doubles with every level of the value.
        let node = json!({"anyOf": [{"properties": {"a": {"$ref": "#"}}},
            {"properties": {"a": {"$ref": "#"}}}]});
        let mut value = json!({});
        for _ in 0..40 {
            value = json!({"a": value});
        }
        assert!(!is_checked(&node, &value));
        assert!(is_checked(&node, &json!({"a": {"a": {}}})));
    }
}
