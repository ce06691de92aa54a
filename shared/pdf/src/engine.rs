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
    Contract,
    Receipt,
}

impl Template {
    fn text(self) -> &'static str {
        match self {
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
