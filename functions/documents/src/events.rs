//! What the context publishes (§1.5.M): ids and enums only, never a name, an address or a value of a document.

use rastup_types::{DocId, LbgId, LegId, PackId, event::NewEvent};

/// The pack that an event is about.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct PackRef {
    pub(crate) pack_id: PackId,
    pub(crate) lbg_id: LbgId,
    pub(crate) leg_id: LegId,
    pub(crate) city: String,
}

impl PackRef {
    /// An event about the pack.
    pub(crate) fn event(&self, name: &'static str) -> NewEvent {
        NewEvent::new("documents", name)
            .city(&self.city)
            .id("lbg_id", self.lbg_id)
            .id("leg_id", self.leg_id)
            .id("pack_id", self.pack_id)
    }

    /// An event about a document of the pack.
    pub(crate) fn doc_event(&self, name: &'static str, doc_id: DocId) -> NewEvent {
        self.event(name).id("doc_id", doc_id)
    }
}
