//! The Markdown of clauses (§1.5.C: headings, paragraphs, bold, italic, lists) as data for the template. Everything else
//! Markdown knows is set as the text it is; nothing is dropped and nothing becomes markup of the typesetter.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use serde::Serialize;

use crate::text;

/// Lists nested deeper are set at this depth.
const DEEPEST_LIST: usize = 4;
/// Headings below it look the same.
const DEEPEST_HEADING: usize = 4;

/// Text of one style, or a line break (`text` is none).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Run {
    pub(crate) text: Option<String>,
    pub(crate) bold: bool,
    pub(crate) italic: bool,
}

/// One block of a clause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Block {
    Heading { level: usize, runs: Vec<Run> },
    Paragraph { runs: Vec<Run> },
    Numbers { start: u64, items: Vec<Vec<Block>> },
    Bullets { items: Vec<Vec<Block>> },
}

/// Makes `value` safe to put in place of a `{{variable}}`: Markdown reads the result as exactly this text. Line ends become
/// line breaks, white space at the ends goes.
pub fn escape_markdown(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 8);
    for c in value.replace("\r\n", "\n").trim().chars() {
        match c {
            // As entities, line ends cannot end a heading or a list item that the value stands in.
            '\n' | '\r' => out.push_str("&#10;"),
            '\t' => out.push(' '),
            c if c.is_control() => {}
            c if c.is_ascii_punctuation() => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// Reads the body of a clause. Headings start one level under the clause's own and never skip a level.
pub(crate) fn blocks(markdown: &str) -> Vec<Block> {
    let mut reader = Reader { open: vec![Container::Blocks(Vec::new())], heading: 1, ..Reader::default() };
    for event in Parser::new_ext(markdown, Options::empty()) {
        reader.read(event);
    }
    reader.finish()
}

/// A container whose end has not been read.
enum Container {
    Blocks(Vec<Block>),
    List { start: Option<u64>, items: Vec<Vec<Block>> },
}

#[derive(Default)]
struct Reader {
    open: Vec<Container>,
    runs: Vec<Run>,
    bold: usize,
    italic: usize,
    lists: usize,
    heading: usize,
    links: Vec<String>,
}

impl Reader {
    fn read(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text)
            | Event::Code(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => self.text(&text),
            Event::SoftBreak => self.text(" "),
            Event::HardBreak => self.text("\n"),
            Event::Rule | Event::TaskListMarker(_) => self.paragraph(),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Strong => self.bold += 1,
            Tag::Emphasis => self.italic += 1,
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.links.push(dest_url.into_string())
            }
            Tag::List(start) => {
                self.paragraph();
                self.lists += 1;
                if self.lists <= DEEPEST_LIST {
                    self.open.push(Container::List { start, items: Vec::new() });
                }
            }
            Tag::Item => {
                self.paragraph();
                if self.lists <= DEEPEST_LIST {
                    self.open.push(Container::Blocks(Vec::new()));
                }
            }
            _ => self.paragraph(),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strong => self.bold = self.bold.saturating_sub(1),
            TagEnd::Emphasis => self.italic = self.italic.saturating_sub(1),
            // On paper a link is its address; an address that is its own text is printed once.
            TagEnd::Link | TagEnd::Image => {
                if let Some(address) = self.links.pop()
                    && self.runs.last().and_then(|run| run.text.as_deref()) != Some(address.as_str())
                {
                    self.text(&format!(" ({address})"));
                }
            }
            TagEnd::Heading(level) => self.heading(level),
            TagEnd::Item => {
                self.paragraph();
                if self.lists <= DEEPEST_LIST
                    && let Some(Container::Blocks(item)) = self.open.pop()
                    && let Some(Container::List { items, .. }) = self.open.last_mut()
                {
                    items.push(item);
                }
            }
            TagEnd::List(_) => {
                if self.lists <= DEEPEST_LIST
                    && let Some(Container::List { start, items }) = self.open.pop()
                {
                    self.push(match start {
                        Some(start) => Block::Numbers { start, items },
                        None => Block::Bullets { items },
                    });
                }
                self.lists = self.lists.saturating_sub(1);
            }
            _ => self.paragraph(),
        }
    }

    /// Adds text in the style of the moment; text of one style is kept together, so that words are set whole.
    fn text(&mut self, text: &str) {
        let (bold, italic) = (self.bold > 0, self.italic > 0);
        match self.runs.last_mut() {
            Some(Run { text: Some(last), bold: b, italic: i }) if (*b, *i) == (bold, italic) => {
                last.push_str(text)
            }
            _ => self.runs.push(Run { text: Some(text.to_owned()), bold, italic }),
        }
    }

    fn heading(&mut self, level: HeadingLevel) {
        let runs = self.take_runs();
        if !runs.is_empty() {
            self.heading = (level as usize + 1).min(self.heading + 1).min(DEEPEST_HEADING);
            let level = self.heading;
            self.push(Block::Heading { level, runs });
        }
    }

    fn paragraph(&mut self) {
        let runs = self.take_runs();
        if !runs.is_empty() {
            self.push(Block::Paragraph { runs });
        }
    }

    fn push(&mut self, block: Block) {
        if let Some(Container::Blocks(blocks)) = self.open.last_mut() {
            blocks.push(block);
        }
    }

    /// The open runs, cleaned, with line ends as breaks and none at either end.
    fn take_runs(&mut self) -> Vec<Run> {
        let mut runs = Vec::with_capacity(self.runs.len());
        for run in std::mem::take(&mut self.runs) {
            let words = text::clean(run.text.as_deref().unwrap_or_default());
            for (index, part) in words.split('\n').enumerate() {
                if index > 0 {
                    runs.push(Run { text: None, ..run });
                }
                if !part.is_empty() {
                    runs.push(Run { text: Some(part.to_owned()), ..run });
                }
            }
        }
        let blank = |run: &Run| run.text.as_deref().is_none_or(|text| text.trim().is_empty());
        let first = runs.iter().position(|run| !blank(run)).unwrap_or(runs.len());
        let last = runs.iter().rposition(|run| !blank(run)).map_or(first, |last| last + 1);
        runs.truncate(last);
        runs.drain(..first);
        runs
    }

    fn finish(mut self) -> Vec<Block> {
        self.paragraph();
        match self.open.into_iter().next() {
            Some(Container::Blocks(blocks)) => blocks,
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Blocks in a short notation: `h2(…)`, `p(…)`, `ol1[…|…]`, `ul[…|…]`, `*bold*`, `_italic_`, `/` for a break.
    fn short(blocks: &[Block]) -> String {
        let items = |items: &[Vec<Block>]| items.iter().map(|item| short(item)).collect::<Vec<_>>().join("|");
        let runs = |runs: &[Run]| {
            let one = |run: &Run| match (&run.text, run.bold, run.italic) {
                (None, _, _) => "/".to_owned(),
                (Some(text), false, false) => text.clone(),
                (Some(text), true, false) => format!("*{text}*"),
                (Some(text), false, true) => format!("_{text}_"),
                (Some(text), true, true) => format!("*_{text}_*"),
            };
            runs.iter().map(one).collect::<String>()
        };
        let block = |block: &Block| match block {
            Block::Heading { level, runs: words } => format!("h{level}({})", runs(words)),
            Block::Paragraph { runs: words } => format!("p({})", runs(words)),
            Block::Numbers { start, items: list } => format!("ol{start}[{}]", items(list)),
            Block::Bullets { items: list } => format!("ul[{}]", items(list)),
        };
        blocks.iter().map(block).collect()
    }

    #[test]
    fn the_subset_of_the_clause_library_is_read() {
        let cases = [
            ("one\ntwo\n\nthree", "p(one two)p(three)"),
            ("**bold** and *italic* and ***both***", "p(*bold* and _italic_ and *_both_*)"),
            ("line  \nbreak", "p(line/break)"),
            ("3. a\n4. b", "ol3[p(a)|p(b)]"),
            ("- a\n  - b\n\n    c\n- d", "ul[p(a)ul[p(b)p(c)]|p(d)]"),
            ("-\n- a", "ul[|p(a)]"),
        ];
        for (markdown, expected) in cases {
            assert_eq!(short(&blocks(markdown)), expected, "{markdown}");
        }
    }

    #[test]
    fn headings_stand_under_the_clause_and_skip_no_level() {
        assert_eq!(short(&blocks("# a\n### b\n###### c\n## d\n# e")), "h2(a)h3(b)h4(c)h3(d)h2(e)");
        assert_eq!(short(&blocks("#### first")), "h2(first)");
    }

    #[test]
    fn what_is_outside_the_subset_is_kept_as_text() {
        let cases = [
            ("[terms](https://x.example/t)", "p(terms (https://x.example/t))"),
            ("<https://x.example>", "p(https://x.example)"),
            ("![logo](a.png)", "p(logo (a.png))"),
            ("a <b>c</b>", "p(a <b>c</b>)"),
            ("<div>x</div>", "p(<div>x</div>)"),
            ("> quoted", "p(quoted)"),
            ("`#code`", "p(#code)"),
            ("```\nx\n  y\n```", "p(x/  y)"),
            ("| a | b |\n|---|---|", "p(| a | b | |---|---|)"),
        ];
        for (markdown, expected) in cases {
            assert_eq!(short(&blocks(markdown)), expected, "{markdown}");
        }
    }

    #[test]
    fn lists_nested_without_end_stay_within_the_deepest_level() {
        let markdown = format!("{}end", "- ".repeat(2_000));
        let read = short(&blocks(&markdown));
        assert_eq!(read.matches("ul[").count(), DEEPEST_LIST);
        assert!(read.contains("p(end)"), "{read}");
    }

    proptest! {
        #[test]
        fn an_escaped_value_is_read_as_its_own_text(value in "[ -~\n\té€]{1,60}") {
            prop_assume!(!value.trim().is_empty());
            let expected = text::clean(value.trim()).replace('\n', "/");
            for (markdown, around) in [
                (escape_markdown(&value), format!("p({expected})")),
                (format!("# {}", escape_markdown(&value)), format!("h2({expected})")),
                (format!("- {}\n- b", escape_markdown(&value)), format!("ul[p({expected})|p(b)]")),
                (format!("**{}**", escape_markdown("x")), "p(*x*)".to_owned()),
            ] {
                prop_assert_eq!(short(&blocks(&markdown)), around, "{}", markdown);
            }
        }
    }
}
