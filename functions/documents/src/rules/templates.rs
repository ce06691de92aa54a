//! Which templates, and which of their clauses, a leg gets (§1.5.D, §1.5.E): by type, role and city.

use std::collections::BTreeMap;

use rastup_types::{
    ClauseId, TemplateId,
    pricing::{LegType, ProfileRole},
};
use serde::Deserialize;

use super::{signers::SignerRule, variables::Declaration};
use crate::model::TemplateKind;

/// Where and for whom a clause or a template is meant; none is everywhere and everybody.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Gate {
    pub(crate) cities: Option<Vec<String>>,
    pub(crate) roles: Option<Vec<String>>,
}

/// How a document looks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Layout {
    pub(crate) brand: String,
    pub(crate) title: String,
}

/// A published clause.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Clause {
    pub(crate) clause_id: ClauseId,
    pub(crate) name: String,
    pub(crate) version: i32,
    pub(crate) gate: Gate,
    pub(crate) body: String,
    pub(crate) variables: BTreeMap<String, Declaration>,
}

/// A position of a template: the first alternative that is meant for the leg is used.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Section {
    pub(crate) heading: String,
    pub(crate) alternatives: Vec<Clause>,
}

/// A published template.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template {
    pub(crate) template_id: TemplateId,
    pub(crate) kind: TemplateKind,
    pub(crate) name: String,
    pub(crate) version: i32,
    pub(crate) gate: Gate,
    pub(crate) layout: Layout,
    pub(crate) signers: Vec<SignerRule>,
    pub(crate) sections: Vec<Section>,
}

/// A template for one leg, with one clause at every position.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chosen<'a> {
    pub(crate) template: &'a Template,
    pub(crate) clauses: Vec<&'a Clause>,
}

/// The leg, as gates see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) city: &'a str,
    pub(crate) role: &'static str,
}

impl Place<'_> {
    /// The place of a leg; a studio is the role `studio`.
    pub(crate) fn of(city: &str, role: Option<ProfileRole>) -> Place<'_> {
        let role = match role {
            None => "studio",
            Some(ProfileRole::Model) => "model",
            Some(ProfileRole::Photographer) => "photographer",
            Some(ProfileRole::Videographer) => "videographer",
            Some(ProfileRole::Creator) => "creator",
            Some(ProfileRole::Fansub) => "fansub",
        };
        Place { city, role }
    }
}

impl Gate {
    fn admits(&self, place: Place<'_>) -> bool {
        let passes = |gate: &Option<Vec<String>>, wanted: &str| {
            gate.as_ref().is_none_or(|allowed| allowed.iter().any(|entry| entry == wanted))
        };
        passes(&self.cities, place.city) && passes(&self.roles, place.role)
    }
}

/// What a leg must be signed for.
pub(crate) fn required(leg_type: LegType, role: Option<ProfileRole>) -> Vec<TemplateKind> {
    match (leg_type, role) {
        (LegType::Studio, _) => vec![TemplateKind::StudioHouseRules],
        (LegType::Talent, Some(ProfileRole::Model)) => {
            vec![TemplateKind::TalentSow, TemplateKind::ModelRelease]
        }
        (
            LegType::Talent,
            None
            | Some(
                ProfileRole::Photographer
                | ProfileRole::Videographer
                | ProfileRole::Creator
                | ProfileRole::Fansub,
            ),
        ) => vec![TemplateKind::TalentSow],
    }
}

fn choose<'a>(library: &'a [Template], kind: TemplateKind, place: Place<'_>) -> Option<Chosen<'a>> {
    let meant = library.iter().filter(|template| template.kind == kind && template.gate.admits(place));
    let complete = meant.filter_map(|template| {
        let clauses = template
            .sections
            .iter()
            .map(|section| section.alternatives.iter().find(|clause| clause.gate.admits(place)));
        Some(Chosen { template, clauses: clauses.collect::<Option<Vec<_>>>()? })
    });
    // The most specific wins, then the newest: a city's own template is written because the general one does not do.
    complete.max_by_key(|chosen| {
        let gate = &chosen.template.gate;
        (gate.cities.is_some(), gate.roles.is_some(), chosen.template.version)
    })
}

/// The templates of a leg, or the kinds for which there is none in this city and role.
pub(crate) fn resolve<'a>(
    library: &'a [Template],
    leg_type: LegType,
    role: Option<ProfileRole>,
    city: &str,
) -> Result<Vec<Chosen<'a>>, Vec<TemplateKind>> {
    let place = Place::of(city, role);
    let kinds = required(leg_type, role);
    let chosen: Vec<_> = kinds.iter().filter_map(|kind| choose(library, *kind, place)).collect();
    if chosen.len() == kinds.len() {
        return Ok(chosen);
    }
    let found = |kind: &TemplateKind| chosen.iter().any(|chosen| chosen.template.kind == *kind);
    Err(kinds.into_iter().filter(|kind| !found(kind)).collect())
}

#[cfg(test)]
mod tests {
    use rastup_types::id::TypedId;

    use super::*;

    fn gate(cities: &[&str], roles: &[&str]) -> Gate {
        let list = |entries: &[&str]| {
            (!entries.is_empty()).then(|| entries.iter().map(|entry| (*entry).to_owned()).collect())
        };
        Gate { cities: list(cities), roles: list(roles) }
    }

    fn clause(name: &str, gate: Gate) -> Clause {
        Clause {
            clause_id: ClauseId::from_uuid(Default::default()),
            name: name.to_owned(),
            version: 1,
            gate,
            body: "text".to_owned(),
            variables: BTreeMap::new(),
        }
    }

    fn template(kind: TemplateKind, version: i32, gate: Gate, law: Vec<Clause>) -> Template {
        Template {
            template_id: TemplateId::from_uuid(Default::default()),
            kind,
            name: "t".to_owned(),
            version,
            gate,
            layout: Layout { brand: String::new(), title: String::new() },
            signers: Vec::new(),
            sections: vec![Section { heading: "Governing Law".to_owned(), alternatives: law }],
        }
    }

    fn law() -> Vec<Clause> {
        vec![clause("texas", gate(&["houston"], &[])), clause("california", gate(&["los_angeles"], &[]))]
    }

    #[test]
    fn a_model_leg_needs_a_release_and_other_talent_legs_do_not() {
        use TemplateKind as K;
        assert_eq!(required(LegType::Talent, Some(ProfileRole::Model)), [K::TalentSow, K::ModelRelease]);
        assert_eq!(required(LegType::Talent, Some(ProfileRole::Photographer)), [K::TalentSow]);
        assert_eq!(required(LegType::Studio, None), [K::StudioHouseRules]);
    }

    #[test]
    fn the_clause_of_the_city_is_used() {
        let library = [template(TemplateKind::TalentSow, 1, Gate::default(), law())];
        for (city, expected) in [("houston", "texas"), ("los_angeles", "california")] {
            let chosen = resolve(&library, LegType::Talent, Some(ProfileRole::Creator), city).unwrap();
            assert_eq!(chosen[0].clauses[0].name, expected);
        }
    }

    #[test]
    fn a_city_without_a_clause_for_some_position_has_no_template() {
        let library = [template(TemplateKind::TalentSow, 1, Gate::default(), law())];
        let gated = resolve(&library, LegType::Talent, Some(ProfileRole::Model), "paris").unwrap_err();
        assert_eq!(gated, [TemplateKind::TalentSow, TemplateKind::ModelRelease]);
    }

    #[test]
    fn a_template_of_one_city_is_not_used_in_another() {
        let library = [template(TemplateKind::StudioHouseRules, 1, gate(&["houston"], &[]), law())];
        assert!(resolve(&library, LegType::Studio, None, "houston").is_ok());
        assert!(resolve(&library, LegType::Studio, None, "los_angeles").is_err());
    }

    #[test]
    fn a_role_gate_lets_only_its_roles_pass() {
        let library = [template(TemplateKind::TalentSow, 1, gate(&[], &["photographer"]), law())];
        assert!(resolve(&library, LegType::Talent, Some(ProfileRole::Photographer), "houston").is_ok());
        assert!(resolve(&library, LegType::Talent, Some(ProfileRole::Videographer), "houston").is_err());
    }

    #[test]
    fn the_newest_version_wins_and_a_citys_own_template_wins_over_it() {
        let mut library = vec![
            template(TemplateKind::TalentSow, 1, Gate::default(), law()),
            template(TemplateKind::TalentSow, 2, Gate::default(), law()),
        ];
        let version = |library: &[Template]| {
            let chosen = resolve(library, LegType::Talent, Some(ProfileRole::Creator), "houston").unwrap();
            (chosen[0].template.version, chosen[0].template.gate.cities.is_some())
        };
        assert_eq!(version(&library), (2, false));
        library.push(template(TemplateKind::TalentSow, 1, gate(&["houston"], &[]), law()));
        assert_eq!(version(&library), (1, true));
    }
}
