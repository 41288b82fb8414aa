//! References to images: `registry.example:5000/team/app:1.2@sha256:…`.
//!
//! Grammar: the package `reference` of <https://github.com/distribution/reference>.

/// A reference taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image<'a> {
    /// Registry and path.
    pub name: &'a str,
    /// After the colon.
    pub tag: Option<&'a str>,
    /// After the at sign.
    pub digest: Option<&'a str>,
}

impl<'a> Image<'a> {
    /// Takes a reference apart. What is written without a tag has none: `latest` is not added.
    pub fn parse(reference: &'a str) -> Self {
        let (rest, digest) = match reference.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (reference, None),
        };
        // A colon before a slash is that of the registry's port.
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (rest, None),
        };
        Self {
            name,
            tag: tag.filter(|tag| !tag.is_empty()),
            digest: digest.filter(|digest| !digest.is_empty()),
        }
    }

    /// The version of what runs in it, as the conventions for Kubernetes have it.
    pub fn version(&self) -> Option<String> {
        match (self.tag, self.digest) {
            (Some(tag), Some(digest)) => Some(format!("{tag}@{digest}")),
            (tag, digest) => digest.or(tag).map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_of_every_form() {
        for (reference, name, version) in [
            ("nginx", "nginx", None),
            ("nginx:1.27", "nginx", Some("1.27")),
            ("reg.example:5000/a/b", "reg.example:5000/a/b", None),
            (
                "reg.example:5000/a/b:v2",
                "reg.example:5000/a/b",
                Some("v2"),
            ),
            ("a/b@sha256:00ff", "a/b", Some("sha256:00ff")),
            ("a/b:v2@sha256:00ff", "a/b", Some("v2@sha256:00ff")),
            ("a:", "a", None),
            ("", "", None),
        ] {
            let image = Image::parse(reference);
            assert_eq!(image.name, name, "{reference}");
            assert_eq!(image.version().as_deref(), version, "{reference}");
        }
    }
}
