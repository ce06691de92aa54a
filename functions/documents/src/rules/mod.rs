//! Decisions of the context as pure functions: all facts are arguments, nothing is read or written.

pub(crate) mod binding;
pub(crate) mod envelopes;
pub(crate) mod signers;
pub(crate) mod templates;
pub(crate) mod variables;
