//! The content of a whole call, masked.

use super::{
    dropped::Dropped,
    kind::Counts,
    masker::{Edges, Ending, Masker},
};
use crate::llm::content::{
    Choice, Content, Document, Kept, Media, MediaSource, Message, Part, ToolCall, ToolDefinition,
    ToolResponse,
};

/// Content that went through a masker, every string of it. Nothing else makes one.
#[derive(Debug, Clone, PartialEq)]
pub struct MaskedContent {
    content: Content,
    counts: Counts,
}

impl MaskedContent {
    /// The content.
    pub const fn content(&self) -> &Content {
        &self.content
    }

    /// What was masked in it.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Both.
    pub(in crate::policy) fn into_parts(self) -> (Content, Counts) {
        (self.content, self.counts)
    }
}

impl Masker {
    /// Masks all that a call says: texts as texts; arguments, schemas and structured data as JSON. A
    /// secret that is divided between two parts of a message is not put together.
    ///
    /// # Errors
    /// If any of it cannot be masked: then nothing of it is left.
    pub fn mask_content(&self, content: Content) -> Result<MaskedContent, Dropped> {
        let mut pass = Pass {
            masker: self,
            counts: Counts::default(),
            edges: Edges::WHOLE,
            broken: false,
        };
        let content = pass.content(content)?;
        Ok(MaskedContent {
            content,
            counts: pass.counts,
        })
    }
}

struct Pass<'m> {
    masker: &'m Masker,
    counts: Counts,
    /// Of the text that comes next.
    edges: Edges,
    /// The side of the call is not all there, so the last of it may have been cut anywhere.
    broken: bool,
}

/// How a text is read.
#[derive(Clone, Copy)]
enum As {
    Text,
    Json,
}

impl Pass<'_> {
    /// Every member by name: a new one does not compile until somebody says how it is masked.
    fn content(&mut self, content: Content) -> Result<Content, Dropped> {
        let Content {
            system,
            input,
            output,
            tools,
            query,
            documents,
            found,
            request,
            answer,
        } = content;
        self.broken = request.missing.is_some();
        let system = self.parts(system)?;
        let input = each(input, |message| self.message(message))?;
        self.edges.cut = self.broken;
        let tools = each(tools, |tool| self.definition(tool))?;
        let query = self.maybe(query, As::Text)?;
        let documents = each(documents, |document| self.document(document))?;
        self.broken = answer.missing.is_some();
        self.edges.cut = self.broken;
        let found = each(found, |document| self.document(document))?;
        let output = each(output, |choice| self.choice(choice))?;
        Ok(Content {
            system,
            input,
            output,
            tools,
            query,
            documents,
            found,
            request,
            answer,
        })
    }

    fn message(&mut self, Message { role, name, parts }: Message) -> Result<Message, Dropped> {
        Ok(Message {
            role: self.name(role)?,
            name: self.maybe_name(name)?,
            parts: self.parts(parts)?,
        })
    }

    fn choice(
        &mut self,
        Choice {
            index,
            parts,
            finish_reason,
        }: Choice,
    ) -> Result<Choice, Dropped> {
        Ok(Choice {
            index,
            parts: self.parts(parts)?,
            finish_reason: self.maybe_name(finish_reason)?,
        })
    }

    /// Beside a part that was lost, and at the end of a side that is not all there, a text may end or
    /// begin within a secret.
    fn parts(&mut self, parts: Vec<Part>) -> Result<Vec<Part>, Dropped> {
        let lost: Vec<bool> = parts.iter().map(|part| *part == Part::Lost).collect();
        let masked = parts.into_iter().enumerate().map(|(index, part)| {
            self.edges = Edges {
                torn: index > 0 && lost.get(index - 1) == Some(&true),
                cut: *lost.get(index + 1).unwrap_or(&self.broken),
            };
            self.part(part)
        });
        let masked = masked.collect();
        self.edges = Edges::WHOLE;
        masked
    }

    fn part(&mut self, part: Part) -> Result<Part, Dropped> {
        Ok(match part {
            Part::Text(text) => Part::Text(self.kept(text, As::Text)?),
            Part::Reasoning(text) => Part::Reasoning(self.kept(text, As::Text)?),
            Part::Refusal(text) => Part::Refusal(self.kept(text, As::Text)?),
            Part::ToolCall(call) => Part::ToolCall(self.call(call)?),
            Part::ToolResponse(response) => Part::ToolResponse(self.response(response)?),
            Part::ServerToolCall(call) => Part::ServerToolCall(self.call(call)?),
            Part::ServerToolResponse(response) => {
                Part::ServerToolResponse(self.response(response)?)
            }
            Part::Media(media) => Part::Media(self.media(media)?),
            Part::Json(text) => Part::Json(self.kept(text, As::Json)?),
            Part::Other { kind } => Part::Other {
                kind: self.name(kind)?,
            },
            Part::Lost => Part::Lost,
        })
    }

    fn call(
        &mut self,
        ToolCall {
            id,
            name,
            arguments,
        }: ToolCall,
    ) -> Result<ToolCall, Dropped> {
        Ok(ToolCall {
            id: self.maybe_name(id)?,
            name: self.maybe_name(name)?,
            arguments: self.kept(arguments, As::Json)?,
        })
    }

    /// What a tool gave may be JSON as well as text.
    fn response(
        &mut self,
        ToolResponse {
            id,
            name,
            response,
            is_error,
            seems_error,
        }: ToolResponse,
    ) -> Result<ToolResponse, Dropped> {
        Ok(ToolResponse {
            id: self.maybe_name(id)?,
            name: self.maybe_name(name)?,
            response: each(response, |part| match part {
                Part::Text(text) if is_json(text.text()) => {
                    Ok(Part::Text(self.kept(text, As::Json)?))
                }
                part => self.part(part),
            })?,
            is_error,
            seems_error,
        })
    }

    fn media(
        &mut self,
        Media {
            modality,
            mime_type,
            source,
        }: Media,
    ) -> Result<Media, Dropped> {
        let source = match source {
            MediaSource::Uri(uri) => MediaSource::Uri(self.kept(uri, As::Text)?),
            MediaSource::File(id) => MediaSource::File(self.name(id)?),
            source @ (MediaSource::Inline { .. } | MediaSource::Unknown) => source,
        };
        Ok(Media {
            modality,
            mime_type: self.maybe_name(mime_type)?,
            source,
        })
    }

    fn definition(
        &mut self,
        ToolDefinition {
            kind,
            name,
            description,
            parameters,
        }: ToolDefinition,
    ) -> Result<ToolDefinition, Dropped> {
        Ok(ToolDefinition {
            kind: self.name(kind)?,
            name: self.maybe_name(name)?,
            description: self.maybe(description, As::Text)?,
            parameters: self.maybe(parameters, As::Json)?,
        })
    }

    fn document(&mut self, Document { id, score, text }: Document) -> Result<Document, Dropped> {
        Ok(Document {
            id: self.maybe_name(id)?,
            score,
            text: match text {
                Some(text) if is_json(text.text()) => Some(self.kept(text, As::Json)?),
                text => self.maybe(text, As::Text)?,
            },
        })
    }

    fn kept(&mut self, kept: Kept, how: As) -> Result<Kept, Dropped> {
        let Edges { torn, cut } = self.edges;
        let edges = Edges {
            torn,
            cut: cut || kept.cut() > 0,
        };
        let masked = match how {
            As::Text => self.masker.mask_between(kept.text(), edges)?,
            As::Json => self.masker.mask_json_between(kept.text(), edges)?,
        };
        self.counts.add_all(&masked.counts());
        Ok(Kept::masked(masked.into_text(), kept.cut()))
    }

    fn maybe(&mut self, kept: Option<Kept>, how: As) -> Result<Option<Kept>, Dropped> {
        kept.map(|kept| self.kept(kept, how)).transpose()
    }

    fn name(&mut self, name: String) -> Result<String, Dropped> {
        let masked = self.masker.mask(&name, Ending::Whole)?;
        self.counts.add_all(&masked.counts());
        Ok(masked.into_text())
    }

    fn maybe_name(&mut self, name: Option<String>) -> Result<Option<String>, Dropped> {
        name.map(|name| self.name(name)).transpose()
    }
}

fn each<T>(items: Vec<T>, mask: impl FnMut(T) -> Result<T, Dropped>) -> Result<Vec<T>, Dropped> {
    items.into_iter().map(mask).collect()
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}
