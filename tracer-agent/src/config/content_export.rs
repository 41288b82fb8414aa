//! Where content goes, in our words and in those of OpenTelemetry's instrumentations.

use tracer_core::semconv::ContentPlace;

use super::setting::{Refusal, Scalar};

/// Where content goes that a policy lets out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentExport(pub ContentPlace);

impl Scalar for ContentExport {
    const VALUE_NAME: &'static str = "PLACE";
    const EXPECTS: &'static str =
        "span, event, both or none; also span_only, event_only, span_and_event or no_content";
    const CHOICES: &'static [&'static str] = &["span", "event", "both", "none"];

    /// The standard words in any case, as instrumentations take them. `true` and `false` are what
    /// their variable took before it had words.
    fn from_text(text: &str) -> Result<Self, Refusal> {
        let place = match text.to_ascii_lowercase().as_str() {
            "span" | "span_only" | "true" => ContentPlace::Span,
            "event" | "event_only" => ContentPlace::Event,
            "both" | "span_and_event" => ContentPlace::Both,
            "none" | "no_content" | "false" => ContentPlace::None,
            _ => return Err(Refusal("not one of the words allowed".into())),
        };
        Ok(Self(place))
    }

    fn to_text(&self) -> String {
        let word = match self.0 {
            ContentPlace::Span => "span",
            ContentPlace::Event => "event",
            ContentPlace::Both => "both",
            ContentPlace::None => "none",
        };
        word.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_instrumentations_are_understood() {
        for (word, normal) in [
            ("span", "span"),
            ("SPAN_ONLY", "span"),
            ("event_only", "event"),
            ("Span_And_Event", "both"),
            ("NO_CONTENT", "none"),
            ("false", "none"),
        ] {
            let export = ContentExport::from_text(word).unwrap();
            assert_eq!(export.to_text(), normal);
            assert_eq!(ContentExport::from_text(normal), Ok(export));
        }
        assert!(ContentExport::from_text("yes").is_err());
    }
}
