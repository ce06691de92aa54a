//! Opening an order in a mode: what the buyer chose becomes priced legs, and the sellers are still to agree.

use profiles::AddOnChoice;
use rastup_providers::tax::TaxQuotes;
use rastup_store::{
    Caller, Store,
    idempotency::{self, Begun},
};
use rastup_types::{
    ApiError, LbgId, PackageId, ServiceProfileId, StudioId, TimeRange,
    pricing::{LegType, LicenseTier},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    access,
    agreement::{self, LocationKind, Mode, OrderMode},
    checkout,
    error::BookingError,
    order,
    quote::{self, LegQuote, TalentChoice},
    request,
};

/// What a buyer wants, in a mode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderInput {
    /// How it is to be agreed on: IB or RTB; an invite makes its orders itself.
    pub mode: Mode,
    /// The talent.
    pub service_profile_id: ServiceProfileId,
    /// One of the profile's packages.
    pub package_id: PackageId,
    /// Add-ons of the package.
    #[serde(default)]
    pub extras: Option<Vec<AddOnChoice>>,
    /// Start and end.
    pub when: TimeRange,
    /// Normalised city code.
    pub city: String,
    /// Where the work takes place.
    pub location_kind: LocationKind,
    /// The buyer's place, for the contract.
    #[serde(default)]
    pub location_address: Option<String>,
    /// Licence beyond the package's own.
    #[serde(default)]
    pub license_tier: Option<LicenseTier>,
    /// Miles to the buyer's place; a started mile counts.
    #[serde(default)]
    pub travel_miles: Option<f64>,
    /// The studio that is booked with the talent.
    #[serde(default)]
    pub studio_id: Option<StudioId>,
    /// People in the studio.
    #[serde(default)]
    pub crew_size: Option<i32>,
}

/// Started miles; error `INPUT_INVALID` for what is no distance.
fn started_miles(miles: Option<f64>) -> Result<Option<i32>, BookingError> {
    let Some(miles) = miles else { return Ok(None) };
    if !(miles > 0.0 && miles <= 500.0) {
        return Err(BookingError::Invalid {
            field: "travelMiles",
            problem: "must be above 0 and at most 500",
        });
    }
    Ok(Some(miles.ceil() as i32))
}

/// What an order in a mode says of its place. Errors: `INPUT_INVALID`.
fn order_mode(input: &OrderInput) -> Result<OrderMode, BookingError> {
    let bad = |field, problem| Err(BookingError::Invalid { field, problem });
    let travel_miles = started_miles(input.travel_miles)?;
    if input.mode == Mode::Invite {
        return bad("mode", "must be IB or RTB: an invite makes its orders when it is awarded");
    }
    if (input.location_kind == LocationKind::RentedStudio) != input.studio_id.is_some() {
        return bad("studioId", "and the location kind RENTED_STUDIO go together");
    }
    if travel_miles.is_some() && input.location_kind != LocationKind::Buyer {
        return bad("travelMiles", "mean something at the buyer's place only");
    }
    Ok(OrderMode {
        mode: input.mode,
        location_kind: input.location_kind,
        license_tier: input.license_tier,
        travel_miles,
    })
}

/// Opens an order in a mode; a repetition with the same `request_key` answers with the same order.
/// Errors: `SP_NOT_FOUND`, `FEE_RULE_MISSING`, `INPUT_INVALID`, what a studio says, `IDEMPOTENCY_CONFLICT`, `FORBIDDEN`.
pub async fn start(
    store: &Store,
    tax: &dyn TaxQuotes,
    caller: &Caller,
    input: &OrderInput,
    request_key: Option<&str>,
) -> Result<LbgId, BookingError> {
    const OPERATION: &str = "startOrder";
    let buyer = access::buyer(&caller.actor)?;
    let mode = order_mode(input)?;
    let mut unit = store.unit(caller).await?;
    if let Some(key) = request_key
        && let Begun::Replay(answer) = idempotency::begin(&mut unit, OPERATION, key, input).await?
    {
        let known = serde_json::from_value(answer["lbgId"].clone());
        return known.map_err(|cause| ApiError::internal(cause).into());
    }
    let mut quotes = vec![talent(&mut unit, tax, input, &mode).await?];
    if let Some(studio_id) = input.studio_id {
        let studio =
            quote::studio(&mut unit, tax, studio_id, input.when, &input.city, input.crew_size).await?;
        quotes[0].terms.location_address = studio.terms.location_address.clone();
        quotes.push(studio);
    }
    let lbg_id = checkout::open(&mut unit, buyer, &input.city, input.when, quotes).await?;
    agreement::set_mode(&mut unit, lbg_id, &mode).await?;
    unit.audit("order.start", lbg_id, json!({ "mode": mode.mode }));
    if let Some(key) = request_key {
        idempotency::finish(&mut unit, OPERATION, key, &json!({ "lbgId": lbg_id })).await?;
    }
    unit.commit().await?;
    Ok(lbg_id)
}

/// The talent's price with licence and travel.
pub(crate) async fn talent(
    unit: &mut rastup_store::Unit,
    tax: &dyn TaxQuotes,
    input: &OrderInput,
    mode: &OrderMode,
) -> Result<LegQuote, BookingError> {
    let choice = TalentChoice {
        service_profile_id: input.service_profile_id,
        package_id: input.package_id,
        add_ons: input.extras.clone(),
        location_address: input.location_address.clone(),
        usage_scope: mode.license_tier.map(|tier| tier.words().to_owned()),
    };
    let mut quote = quote::talent(unit, tax, &choice, input.when, &input.city).await?;
    let terms = profiles::booking_terms(unit, input.service_profile_id).await?;
    let lines = quote.lines.len();
    if let Some(tier) = mode.license_tier {
        quote.lines.push(terms.license_line(tier)?);
    }
    if let Some(miles) = mode.travel_miles {
        quote.lines.extend(terms.travel_line(miles)?);
    }
    if quote.lines.len() > lines {
        let leg = (LegType::Talent, quote.terms.role);
        quote.price = request::priced(unit, tax, &input.city, leg, &quote.lines).await?;
    }
    Ok(quote)
}

/// Refuses to change the place of an order whose sellers were asked or have agreed. Error: `WRONG_STATE`.
pub(crate) async fn refuse_asked(
    unit: &mut rastup_store::Unit,
    order: &order::Order,
) -> Result<(), BookingError> {
    let lbg_id = order.group.lbg_id;
    if agreement::mode(unit, lbg_id).await?.is_none() {
        return Ok(());
    }
    let is_asked = !request::pending_of(unit, lbg_id).await?.is_empty()
        || !agreement::agreed_legs(unit, lbg_id).await?.is_empty();
    if is_asked {
        return Err(BookingError::WrongState("The sellers were asked already: the place stays as it is."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_started_mile_counts() {
        for (miles, started) in [(0.1, 1), (1.0, 1), (12.01, 13), (500.0, 500)] {
            assert_eq!(started_miles(Some(miles)).unwrap(), Some(started));
        }
        for bad in [0.0, -3.0, 500.1, f64::NAN, f64::INFINITY] {
            assert!(started_miles(Some(bad)).is_err(), "{bad}");
        }
    }
}
