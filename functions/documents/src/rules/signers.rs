//! Who signs a document: the template's roles mapped to the parties of the leg (§1.5.D).

use serde::Deserialize;

use crate::model::{Party, SignerRole};

/// A role that a template asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignerRule {
    /// Signs under this role.
    pub(crate) role: SignerRole,
    /// The party that signs when the leg names nobody for the role.
    #[serde(default)]
    pub(crate) or: Option<SignerRole>,
}

fn can_sign(party: &Party) -> bool {
    let email_is_usable = party.email.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !host.contains('@') && !host.starts_with('.')
    });
    email_is_usable
        && party.email.len() <= 254
        && !party.email.chars().any(|c| c.is_whitespace() || c.is_control())
        && !party.legal_name.trim().is_empty()
}

/// The parties in the order of signing, or the roles that nobody fills. Errors name roles, never people.
pub(crate) fn assign<'a>(
    rules: &[SignerRule],
    parties: &'a [Party],
) -> Result<Vec<(SignerRole, &'a Party)>, Vec<SignerRole>> {
    let find = |role: SignerRole| parties.iter().find(|party| party.role == role && can_sign(party));
    let mut signers = Vec::new();
    let mut missing = Vec::new();
    for rule in rules {
        // Somebody who is named but cannot sign is not silently replaced by somebody else.
        let named = parties.iter().any(|party| party.role == rule.role);
        let role = if named { Some(rule.role) } else { rule.or };
        match role.and_then(find) {
            Some(party) => signers.push((rule.role, party)),
            None => missing.push(rule.role),
        }
    }
    // The provider tells signers apart by their address, and nobody contracts with themselves.
    for (index, (role, party)) in signers.iter().enumerate() {
        let shared = |(_, other): &(SignerRole, &Party)| other.email.eq_ignore_ascii_case(&party.email);
        if signers[..index].iter().any(shared) {
            missing.push(*role);
        }
    }
    if missing.is_empty() { Ok(signers) } else { Err(missing) }
}

#[cfg(test)]
mod tests {
    use rastup_types::{UserId, id::TypedId};

    use super::*;

    fn party(role: SignerRole, name: &str, email: &str) -> Party {
        Party {
            role,
            user_id: UserId::from_uuid(Default::default()),
            legal_name: name.to_owned(),
            email: email.to_owned(),
        }
    }

    fn rule(role: SignerRole, or: Option<SignerRole>) -> SignerRule {
        SignerRule { role, or }
    }

    #[test]
    fn a_role_without_a_party_falls_back_and_keeps_its_own_name() {
        let rules = [
            rule(SignerRole::Model, Some(SignerRole::Talent)),
            rule(SignerRole::Photographer, Some(SignerRole::Buyer)),
        ];
        let parties = [
            party(SignerRole::Buyer, "Bo", "bo@example.com"),
            party(SignerRole::Talent, "Tal", "tal@example.com"),
        ];
        let Ok(signers) = assign(&rules, &parties) else { panic!("both roles are filled") };
        let signers: Vec<_> =
            signers.iter().map(|(role, party)| (*role, party.legal_name.as_str())).collect();
        assert_eq!(signers, [(SignerRole::Model, "Tal"), (SignerRole::Photographer, "Bo")]);
    }

    #[test]
    fn every_role_that_nobody_can_fill_is_named() {
        let rules = [rule(SignerRole::Buyer, None), rule(SignerRole::StudioOwner, None)];
        assert_eq!(assign(&rules, &[]).err(), Some(vec![SignerRole::Buyer, SignerRole::StudioOwner]));
    }

    #[test]
    fn nobody_signs_both_sides_of_a_document() {
        let rules = [rule(SignerRole::Buyer, None), rule(SignerRole::Talent, None)];
        let parties = [
            party(SignerRole::Buyer, "Bo", "bo@example.com"),
            party(SignerRole::Talent, "Bo", "BO@example.com"),
        ];
        assert_eq!(assign(&rules, &parties).err(), Some(vec![SignerRole::Talent]));
    }

    #[test]
    fn a_party_without_a_usable_name_or_address_cannot_sign() {
        let rules = [rule(SignerRole::Model, Some(SignerRole::Talent))];
        for (name, email) in [
            (" ", "a@b.co"),
            ("A", ""),
            ("A", "a"),
            ("A", "@b.co"),
            ("A", "a@b"),
            ("A", "a@@b.co"),
            ("A", "a b@c.co"),
        ] {
            let parties =
                [party(SignerRole::Model, name, email), party(SignerRole::Talent, "T", "t@example.com")];
            assert_eq!(assign(&rules, &parties).err(), Some(vec![SignerRole::Model]), "{name:?} {email:?}");
        }
    }
}
