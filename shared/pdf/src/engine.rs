//! The typesetter in its sealed world: one template, one data file, five fonts, no clock. What the words are is not here.

use std::sync::LazyLock;

use chrono::{DateTime, Datelike, Timelike, Utc};
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use crate::{MAX_DOCUMENT_BYTES, RenderError};

/// Fonts of every document; see `fonts/LICENSES.txt`.
static FONT_FILES: [&[u8]; 5] = [
    include_bytes!("../fonts/LibertinusSerif-Regular.otf"),
    include_bytes!("../fonts/LibertinusSerif-Bold.otf"),
    include_bytes!("../fonts/LibertinusSerif-Italic.otf"),
    include_bytes!("../fonts/LibertinusSerif-BoldItalic.otf"),
    include_bytes!("../fonts/DejaVuSansMono.ttf"),
];

static FONTS: LazyLock<Vec<Font>> =
    LazyLock::new(|| FONT_FILES.iter().flat_map(|file| Font::iter(Bytes::new(*file))).collect());
static BOOK: LazyLock<LazyHash<FontBook>> =
    LazyLock::new(|| LazyHash::new(FontBook::from_fonts(FONTS.iter())));
static LIBRARY: LazyLock<LazyHash<Library>> = LazyLock::new(|| LazyHash::new(Library::default()));

/// Which body a document gets.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Template {
    Account,
    Contract,
    Receipt,
}

impl Template {
    fn text(self) -> &'static str {
        match self {
            Template::Account => {
                concat!(include_str!("../templates/style.typ"), include_str!("../templates/account.typ"))
            }
            Template::Contract => {
                concat!(include_str!("../templates/style.typ"), include_str!("../templates/contract.typ"))
            }
            Template::Receipt => {
                concat!(include_str!("../templates/style.typ"), include_str!("../templates/receipt.typ"))
            }
        }
    }
}

/// Whether one of the fonts can draw `c`.
pub(crate) fn can_draw(c: char) -> bool {
    FONTS.iter().any(|font| font.info().coverage.contains(u32::from(c)))
}

/// What the typesetter can see: two virtual files and nothing of the machine.
struct Sealed {
    main: Source,
    data_id: FileId,
    data: Bytes,
}

impl World for Sealed {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &BOOK
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main.id() { Ok(self.main.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.data_id { Ok(self.data.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn font(&self, index: usize) -> Option<Font> {
        FONTS.get(index).cloned()
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}

fn file_id(path: &str) -> Result<FileId, RenderError> {
    let path = VirtualPath::new(path).map_err(|_| RenderError::Typesetting("bad virtual path".into()))?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}

/// Lays `data` (JSON) out by `template`.
pub(crate) fn layout(template: Template, data: Vec<u8>) -> Result<PagedDocument, RenderError> {
    if data.len() > MAX_DOCUMENT_BYTES {
        return Err(RenderError::TooLarge { bytes: data.len() });
    }
    let main = Source::new(file_id("/main.typ")?, template.text().to_owned());
    let world = Sealed { main, data_id: file_id("/data.json")?, data: Bytes::new(data) };
    let result = typst::compile::<PagedDocument>(&world).output;
    // The typesetter memoises globally; a warm Lambda must not keep every document it ever set.
    typst::comemo::evict(1);
    result.map_err(|errors| refusal("layout", &errors))
}

/// Lays out and writes a tagged PDF/A-2a: archival for the seven years of §1.5.B, readable by a screen reader.
/// `identity` names the document for good, `at` is its date.
pub(crate) fn render(
    template: Template,
    data: Vec<u8>,
    identity: &str,
    at: DateTime<Utc>,
) -> Result<Vec<u8>, RenderError> {
    let options = PdfOptions {
        ident: Smart::Custom(identity.to_owned()),
        creator: Smart::Custom(Some("RastUp".to_owned())),
        timestamp: Some(timestamp(at)?),
        standards: PdfStandards::new(&[PdfStandard::A_2a])
            .map_err(|error| RenderError::Typesetting(error.message().to_string()))?,
        ..PdfOptions::default()
    };
    let document = layout(template, data)?;
    typst_pdf::pdf(&document, &options).map_err(|errors| refusal("export", &errors))
}

fn timestamp(at: DateTime<Utc>) -> Result<Timestamp, RenderError> {
    // Each part of a chrono date fits a byte; the year is checked.
    let byte = |part: u32| u8::try_from(part).map_err(|_| RenderError::Date);
    if !(0..=9999).contains(&at.year()) {
        return Err(RenderError::Date);
    }
    Datetime::from_ymd_hms(
        at.year(),
        byte(at.month())?,
        byte(at.day())?,
        byte(at.hour())?,
        byte(at.minute())?,
        byte(at.second())?,
    )
    .map(Timestamp::new_utc)
    .ok_or(RenderError::Date)
}

/// Diagnostics without what they quote: between backticks or quotes stands the document's text, which may name a person.
fn refusal(stage: &str, errors: &[SourceDiagnostic]) -> RenderError {
    let messages: Vec<String> = errors
        .iter()
        .map(|error| error.message.split(['`', '"', '“', '”']).step_by(2).collect::<Vec<_>>().join("…"))
        .collect();
    RenderError::Typesetting(format!("{stage}: {}", messages.join("; ")))
}

#[cfg(test)]
mod tests {
    use typst::layout::{Frame, FrameItem, Point};

    use super::*;
    use crate::contract::{self, Clause, ContractDocument, Signer};

    /// Right ends of all text of a page, points from its left edge.
    fn right_ends(frame: &Frame, origin: Point, ends: &mut Vec<f64>) {
        for (place, item) in frame.items() {
            let place = origin + *place;
            match item {
                FrameItem::Group(group) => right_ends(&group.frame, place, ends),
                FrameItem::Text(text) => ends.push((place.x + text.width()).to_pt()),
                _ => {}
            }
        }
    }

    #[test]
    fn long_names_titles_and_words_stay_inside_the_margins() {
        for filler in ["W", "x", "Wilhelmina-Alexandrina ", "@", "王", "a_b.", "ﬀÖ"] {
            let long = filler.repeat(400 / filler.len());
            let short = "Short".to_owned();
            let document = ContractDocument {
                brand: long.chars().take(60).collect(),
                title: long.clone(),
                doc_id: "doc_5b1d7c3e9f2a4b6c8d0e1f2a3b4c5d6e".into(),
                lbg_id: "lbg_5b1d7c3e9f2a4b6c8d0e1f2a3b4c5d6e".into(),
                leg_id: long.clone(),
                template_name: long.clone(),
                template_version: i32::MAX,
                clauses: [&long, &long]
                    .into_iter()
                    .chain(std::iter::repeat_n(&short, 38))
                    .map(|text| Clause {
                        heading: text.clone(),
                        name: "clause".into(),
                        version: 1,
                        body: text.clone(),
                    })
                    .collect(),
                signers: vec![Signer { role: long.clone(), name: long.clone() }],
                generated_at: "2026-11-20T13:18:05Z".parse().unwrap(),
                content_fingerprint: long.clone(),
            };
            let pages = layout(Template::Contract, contract::data(&document).unwrap()).unwrap();
            for page in pages.pages() {
                let mut ends = Vec::new();
                right_ends(&page.frame, Point::zero(), &mut ends);
                // A space at the end of a line may hang over.
                let edge = page.frame.width().to_pt() - 0.95 * 72.0 + 4.0;
                let worst = ends.iter().copied().fold(0.0, f64::max);
                assert!(worst <= edge, "{filler} reaches {worst} of {edge} points");
            }
        }
    }

    #[test]
    fn the_sealed_world_reads_nothing_of_the_machine() {
        let world = Sealed {
            main: Source::new(file_id("/main.typ").unwrap(), "#read(\"/etc/hostname\")".into()),
            data_id: file_id("/data.json").unwrap(),
            data: Bytes::new(Vec::new()),
        };
        assert!(typst::compile::<PagedDocument>(&world).output.is_err());
        assert!(world.today(None).is_none());
    }

    #[test]
    fn a_date_a_pdf_cannot_state_is_refused() {
        let early = "-0044-03-15T00:00:00Z".parse().unwrap();
        assert_eq!(timestamp(early).unwrap_err(), RenderError::Date);
    }

    #[test]
    fn diagnostics_do_not_quote_the_document() {
        let error =
            SourceDiagnostic::error(typst::syntax::Span::detached(), "the text `Dana` and \"Lee\" failed");
        assert_eq!(
            refusal("export", &[error]),
            RenderError::Typesetting("export: the text … and … failed".into())
        );
    }
}
