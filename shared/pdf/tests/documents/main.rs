//! What a reader of the PDFs finds, asked of the public interface only; the samples are left in the target's `tmp` folder.

#![expect(clippy::expect_used, reason = "a helper of a test fails by panicking")]

mod contract;
mod hostile;
mod receipt;
mod samples;

/// Text of a PDF as a reader's clipboard would get it, white space collapsed.
fn words(pdf: &[u8]) -> String {
    let text = pdf_extract::extract_text_from_mem(pdf).expect("the PDF can be read");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// [`words`] page by page.
fn pages(pdf: &[u8]) -> Vec<String> {
    let pages = pdf_extract::extract_text_from_mem_by_pages(pdf).expect("the PDF can be read");
    pages.iter().map(|page| page.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// Leaves a document where a person can look at it.
fn leave(name: &str, pdf: &[u8]) {
    std::fs::write(std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name), pdf)
        .expect("the sample is written");
}
