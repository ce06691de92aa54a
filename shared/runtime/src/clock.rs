//! The one place that reads the wall clock and draws random ids.

use chrono::{DateTime, Utc};
use rastup_store::Clock;
use rastup_types::id::IdSource;
use uuid::Uuid;

/// The clock of the machine; in the local cloud moved by the offset in a file, so that a test can move the whole world.
#[derive(Debug, Clone, Default)]
pub struct SystemClock {
    /// File with the offset in whole seconds; only the local cloud names one.
    pub offset_file: Option<std::path::PathBuf>,
}

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + self.offset()
    }
}

impl SystemClock {
    fn offset(&self) -> chrono::Duration {
        let seconds = self
            .offset_file
            .as_ref()
            .and_then(|path| std::fs::read_to_string(path).ok())
            .and_then(|text| text.trim().parse::<i64>().ok());
        chrono::Duration::seconds(seconds.unwrap_or(0))
    }
}

/// Random ids that sort by the time of their making.
#[derive(Debug, Clone, Copy, Default)]
pub struct TimeOrderedIds;

impl IdSource for TimeOrderedIds {
    #[allow(clippy::disallowed_methods, reason = "the one place that draws new ids")]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// A correlation id for a request that brought none.
pub fn new_corr_id() -> String {
    TimeOrderedIds.next().simple().to_string()
}
