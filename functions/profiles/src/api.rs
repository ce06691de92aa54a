//! The GraphQL fields of `profiles_resolver`: arguments in, use case, answer as the schema says.

use rastup_runtime::resolver::Call;
use rastup_store::Store;
use rastup_types::{ApiError, ServiceProfileId};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    BookingTerms, NewPackage, Package, Profile, booking_terms, published, set_booking_terms, set_packages,
};

#[derive(Deserialize)]
struct ServiceProfileArgs {
    id: ServiceProfileId,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SetPackagesArgs {
    service_profile_id: ServiceProfileId,
    packages: Vec<NewPackage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BookingTermsArgs {
    service_profile_id: ServiceProfileId,
    terms: Option<BookingTerms>,
}

/// Answers the fields of profiles, their packages and their booking terms.
pub async fn handle(store: Store, call: Call) -> Result<Value, ApiError> {
    match (call.parent.as_str(), call.field.as_str()) {
        ("Query", "serviceProfile") => {
            let args: ServiceProfileArgs = call.args()?;
            let mut unit = store.unit(&call.caller).await?;
            Ok(profile_json(&published(&mut unit, args.id).await?))
        }
        ("Mutation", "setPackages") => {
            let args: SetPackagesArgs = call.args()?;
            let changed = set_packages(&store, &call.caller, args.service_profile_id, args.packages).await;
            Ok(profile_json(&changed?))
        }
        ("Mutation", "setBookingTerms") => {
            let args: BookingTermsArgs = call.args()?;
            let terms = args.terms.ok_or_else(|| ApiError::invalid("terms", "is missing"))?;
            set_booking_terms(&store, &call.caller, args.service_profile_id, &terms).await?;
            Ok(terms_json(args.service_profile_id, &terms))
        }
        ("Query", "bookingTerms") => {
            let args: BookingTermsArgs = call.args()?;
            let mut unit = store.unit(&call.caller).await?;
            published(&mut unit, args.service_profile_id).await?;
            let terms = booking_terms(&mut unit, args.service_profile_id).await?;
            Ok(terms_json(args.service_profile_id, &terms))
        }
        _ => Err(call.unknown_field()),
    }
}

fn profile_json(profile: &Profile) -> Value {
    json!({
        "serviceProfileId": profile.service_profile_id,
        "handle": profile.handle,
        "role": profile.role,
        "displayName": profile.display_name,
        "headline": profile.headline,
        "city": profile.city,
        "currency": profile.currency,
        "packages": profile.packages.iter().map(package_json).collect::<Vec<_>>(),
        "cancellationPolicy": profile.policy.bands.iter().map(|band| json!({
            "fromHours": band.from_hours,
            "toHours": band.to_hours,
            "buyerRefundPct": band.buyer_refund_pct,
            "sellerPayoutPct": band.seller_payout_pct,
        })).collect::<Vec<_>>(),
        "isPublished": profile.is_published,
    })
}

fn terms_json(id: ServiceProfileId, terms: &BookingTerms) -> Value {
    json!({
        "serviceProfileId": id,
        "travelCentsPerMile": terms.travel_cents_per_mile,
        "licenses": terms.licenses.iter().map(|license| json!({
            "tier": license.tier,
            "priceCents": license.price_cents,
        })).collect::<Vec<_>>(),
    })
}

fn package_json(package: &Package) -> Value {
    let content = &package.content;
    json!({
        "packageId": package.package_id,
        "name": content.name,
        "description": content.description,
        "durationMinutes": content.duration_minutes,
        "priceCents": content.price_cents,
        "deliverables": content.deliverables,
        "addOns": content.add_ons.iter().map(|add_on| json!({
            "key": add_on.key,
            "name": add_on.name,
            "priceCents": add_on.price_cents,
            "maxQuantity": add_on.max_quantity,
        })).collect::<Vec<_>>(),
    })
}
