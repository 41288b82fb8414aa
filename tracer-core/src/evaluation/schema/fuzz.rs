//! Any schema and any text.

use super::compiled::Library;
use crate::llm::content::Schema;

/// Compiles the first line as a schema and checks the rest of `data` by it: neither may panic, nor take
/// long.
pub fn fuzz_schema(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (schema, text) = text.split_once('\n').unwrap_or((text, "{}"));
    let mut library = Library::default();
    for is_of_google in [false, true] {
        let schema = Schema {
            text: schema.into(),
            is_of_google,
        };
        if let Some(compiled) = library.get(&schema)
            && let Ok(value) = serde_json::from_str(text)
        {
            compiled.check(&value, text.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "how long it takes is what is tested"
    )]
    fn hostile_schemas_take_no_time() {
        let deep = format!("{}{}{}", r#"{"not":"#.repeat(200), "true", "}".repeat(200));
        let nested = format!("{}{}{}", r#"{"items":"#.repeat(40), "true", "}".repeat(40));
        let values = format!("{}{}", "[".repeat(100), "]".repeat(100));
        let numbers = "[1e308,-1e308,5e-324,0.1,1e-300,18446744073709551615]";
        let long = format!("\"{}\"", "a".repeat(60_000));
        for schema in [
            "true",
            "{}",
            &deep,
            &nested,
            r##"{"$ref":"#"}"##,
            r#"{"$schema":"https://example.com/nowhere"}"#,
            r#"{"$ref":"file:///etc/passwd"}"#,
            r#"{"pattern":"(a+)+$"}"#,
            r#"{"pattern":"(a|a|a|a|a){1000}{1000}"}"#,
            r#"{"pattern":"\\p{L}{1,500}"}"#,
            r#"{"items":{"multipleOf":1e-320}}"#,
            r#"{"items":{"multipleOf":0}}"#,
            r#"{"items":{"multipleOf":3,"minimum":1e400}}"#,
            r#"{"uniqueItems":true,"items":{"uniqueItems":true}}"#,
            r#"{"type":"nonsense","required":7,"properties":[],"enum":{}}"#,
        ] {
            for text in ["{}", "null", numbers, &values, &long, "[[1,1],[1,1]]"] {
                let begun = Instant::now();
                fuzz_schema(format!("{schema}\n{text}").as_bytes());
                let taken = begun.elapsed();
                assert!(taken < Duration::from_secs(2), "{schema} {taken:?}");
            }
        }
    }
}
