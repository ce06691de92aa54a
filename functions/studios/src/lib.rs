//! studios
