//! Typed ids: a prefix, an underscore and 32 lowercase hex digits, so that a leg id can never be passed for a user id.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a text is not an id of the wanted type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an id that starts with `{expected}_` followed by 32 hex digits")]
pub struct IdError {
    /// The prefix that the type asks for.
    pub expected: &'static str,
}

/// What all typed ids have in common; lets a source of randomness mint any of them.
pub trait TypedId: Sized {
    /// The prefix before the underscore, such as `lbg`.
    const PREFIX: &'static str;
    /// The id with the given bits.
    fn from_uuid(value: Uuid) -> Self;
}

/// A source of new ids. Production uses time-ordered random ids, tests a seeded sequence.
pub trait IdSource: Send + Sync {
    /// The bits of the next id.
    fn next(&self) -> Uuid;
}

fn parse(text: &str, prefix: &'static str) -> Result<Uuid, IdError> {
    let error = IdError { expected: prefix };
    let hex = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or(error.clone())?;
    let canonical = hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !canonical {
        return Err(error);
    }
    Uuid::try_parse(hex).map_err(|_| error)
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl TypedId for $name {
            const PREFIX: &'static str = $prefix;
            fn from_uuid(value: Uuid) -> Self { Self(value) }
        }
        impl $name {
            /// The bits of the id, for deriving keys from it.
            pub fn as_uuid(&self) -> Uuid { self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(self, f) }
        }
        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> { parse(text, $prefix).map(Self) }
        }
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.collect_str(self) }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
        #[cfg(feature = "sqlx")]
        impl sqlx::Type<sqlx::Postgres> for $name {
            fn type_info() -> sqlx::postgres::PgTypeInfo { <String as sqlx::Type<sqlx::Postgres>>::type_info() }
            fn compatible(ty: &sqlx::postgres::PgTypeInfo) -> bool {
                <String as sqlx::Type<sqlx::Postgres>>::compatible(ty)
            }
        }
        #[cfg(feature = "sqlx")]
        impl sqlx::postgres::PgHasArrayType for $name {
            fn array_type_info() -> sqlx::postgres::PgTypeInfo {
                <String as sqlx::postgres::PgHasArrayType>::array_type_info()
            }
        }
        #[cfg(feature = "sqlx")]
        impl<'q> sqlx::Encode<'q, sqlx::Postgres> for $name {
            fn encode_by_ref(
                &self,
                buf: &mut sqlx::postgres::PgArgumentBuffer,
            ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
                <String as sqlx::Encode<sqlx::Postgres>>::encode_by_ref(&self.to_string(), buf)
            }
        }
        #[cfg(feature = "sqlx")]
        impl<'r> sqlx::Decode<'r, sqlx::Postgres> for $name {
            fn decode(value: sqlx::postgres::PgValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
                Ok(<&str as sqlx::Decode<sqlx::Postgres>>::decode(value)?.parse()?)
            }
        }
    )*};
}

typed_ids! {
    /// An account: the Cognito subject without its dashes.
    UserId = "usr";
    /// A person in one role.
    ServiceProfileId = "srv";
    /// A package of a service profile.
    PackageId = "pkg";
    /// A studio.
    StudioId = "std";
    /// A rate of a studio.
    StudioRateId = "srt";
    /// A blackout of a studio.
    StudioBlackoutId = "sbo";
    /// A linked booking group: one buyer's order with one charge.
    LbgId = "lbg";
    /// A contract with one seller inside a linked booking group.
    LegId = "leg";
    /// A priced line of a leg.
    LineItemId = "lin";
    /// A range of time on a seller's person or a studio.
    CalendarBlockId = "cal";
    /// Money taken from the buyer for one linked booking group.
    ChargeId = "chg";
    /// A card hold for a studio.
    DepositId = "dep";
    /// A transfer to one seller for one leg.
    PayoutId = "pay";
    /// Money returned for one leg.
    RefundId = "rfd";
    /// A tax quote of a leg.
    TaxTxnId = "tax";
    /// A row of the platform-fee ledger.
    FeeEntryId = "fle";
    /// A balanced journal entry: all lines written together.
    JournalId = "jrn";
    /// One line of the general ledger.
    GlEntryId = "gl";
    /// A platform-fee rule.
    FeeRuleId = "fer";
    /// A receipt of a leg or of a group.
    ReceiptId = "rcp";
    /// A document pack of a leg.
    PackId = "dpk";
    /// A document of a pack.
    DocId = "doc";
    /// A clause of the library.
    ClauseId = "cls";
    /// A document template.
    TemplateId = "tpl";
    /// A row of the signing log.
    SignEventId = "dse";
    /// A domain event.
    EventId = "evt";
    /// A stored webhook.
    InboxId = "inb";
    /// A row of the audit trail.
    AuditId = "aud";
    /// A sensitive action of staff that waits for a second person, or had one.
    ApprovalId = "apv";
    /// A request to book: an offer that waits for the other side.
    RequestId = "req";
    /// A private brief to several sellers.
    InviteId = "inv";
    /// A rule by which a seller accepts without being asked.
    AutoAcceptRuleId = "aar";
    /// A change of a confirmed leg with its price.
    AmendmentId = "amd";
    /// A part of a leg that is delivered and accepted by itself.
    MilestoneId = "mst";
    /// A cancellation of a leg.
    CancellationId = "can";
    /// A studio's claim on a deposit.
    ClaimId = "clm";
    /// An issue or dispute between buyer and seller.
    IssueId = "iss";
    /// A tip of a buyer.
    TipId = "tip";
    /// A dispute of a charge at the card network.
    DisputeId = "dsp";
    /// A row of a seller's reserve.
    ReserveEntryId = "rsv";
    /// A hold that keeps payouts of a leg or a seller.
    PayoutHoldId = "phd";
    /// A buyer's wallet.
    WalletId = "wlt";
    /// A movement of a wallet.
    WalletTxnId = "wtx";
    /// A run of the daily close.
    ReconRunId = "rcn";
    /// A difference that the daily close found.
    VarianceId = "vrn";
    /// A correction of the books by staff.
    AdjustmentId = "adj";
    /// A monthly statement.
    StatementId = "stm";
    /// A piece of media: a picture or a film in every size it is kept in.
    MediaId = "med";
    /// An item of a portfolio.
    PortfolioItemId = "pfi";
    /// A collaborator named on a portfolio item.
    CollabTagId = "tag";
    /// A board of saved things.
    BoardId = "brd";
    /// A thing on a board.
    BoardItemId = "bdi";
    /// A stretch of a profile's hinted availability.
    AvailabilityId = "avl";
    /// A device that receives pushes.
    PushTokenId = "psh";
    /// A certificate of insurance.
    CoiId = "coi";
    /// A decision in a studio's verification.
    VerificationId = "vfy";
    /// A pin of search staff.
    CurationId = "cur";
    /// A synonym of search.
    SynonymId = "syn";
    /// A version of the search configuration.
    SearchConfigId = "scf";
    /// A search that a person keeps.
    SavedSearchId = "svs";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_it_was_written() {
        let id = LbgId::from_uuid(Uuid::from_u128(7));
        assert_eq!(id.to_string(), "lbg_00000000000000000000000000000007");
        assert_eq!(id.to_string().parse::<LbgId>(), Ok(id));
        assert_eq!(serde_json::from_str::<LbgId>(&serde_json::to_string(&id).unwrap()).unwrap(), id);
    }

    #[test]
    fn an_id_of_another_type_or_shape_is_refused() {
        let leg = LegId::from_uuid(Uuid::from_u128(7)).to_string();
        assert_eq!(leg.parse::<LbgId>(), Err(IdError { expected: "lbg" }));
        for bad in [
            "",
            "lbg",
            "lbg_",
            "lbg_7",
            "lbg_0000000000000000000000000000000G",
            "LBG_00000000000000000000000000000007",
        ] {
            assert!(bad.parse::<LbgId>().is_err(), "{bad}");
        }
    }
}
