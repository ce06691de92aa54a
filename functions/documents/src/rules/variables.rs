//! Variables of clauses (§1.5.C, §1.5.F): their declared types, the check of values, and how values are printed.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Longest text of one variable, characters.
const TEXT_LENGTH_MAX: usize = 4_000;
/// Longest line of an address, characters.
const ADDRESS_LINE_MAX: usize = 200;
/// Largest amount, cents: ten million dollars.
const MONEY_MAX: i64 = 1_000_000_000;

/// Type of a variable (§1.5.C).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum VariableType {
    /// Text.
    String,
    /// Whole number.
    Int,
    /// Amount in whole cents, not negative.
    MoneyCents,
    /// Instant in RFC 3339; printed with its own offset.
    Datetime,
    /// Day, `2026-06-10`.
    Date,
    /// ISO 8601 duration of one unit.
    Duration,
    /// One of the declared values.
    Enum,
    /// One text, or an object of lines.
    Address,
}

/// Declaration of a variable in a clause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Declaration {
    /// Type.
    #[serde(rename = "type")]
    pub kind: VariableType,
    /// For authors.
    pub description: String,
    /// For authors; valid by the declaration itself.
    pub example: Value,
    /// Value where the request gives none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Values of an enum.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Longest duration: a request may narrow what the template allows, never widen it (§1.5.F).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
    /// The date is a birthday of somebody who is at least so old, whole years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_age_years: Option<u32>,
}

/// What is wrong with a variable. Never quotes the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// No value and no default.
    Missing,
    /// Not of the declared type; the text says what is expected.
    Invalid(&'static str),
    /// Wider than the template allows.
    TooWide,
    /// The person is too young.
    TooYoung(u32),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Missing => f.write_str("is missing"),
            Problem::Invalid(expected) => write!(f, "must be {expected}"),
            Problem::TooWide => f.write_str("is wider than the template allows"),
            Problem::TooYoung(years) => write!(f, "must be at least {years} years ago"),
        }
    }
}

/// Values for every declared variable, or every problem. `today` is the day that ages are counted to.
pub(crate) fn fill(
    declared: &BTreeMap<String, Declaration>,
    given: &BTreeMap<String, Value>,
    today: NaiveDate,
) -> Result<BTreeMap<String, Value>, Vec<(String, Problem)>> {
    let mut filled = BTreeMap::new();
    let mut problems = Vec::new();
    for (name, declaration) in declared {
        let value = given.get(name).filter(|value| !value.is_null()).or(declaration.default.as_ref());
        match value {
            None => problems.push((name.clone(), Problem::Missing)),
            Some(value) => match print(declaration, value, today) {
                Ok(_) => {
                    filled.insert(name.clone(), value.clone());
                }
                Err(problem) => problems.push((name.clone(), problem)),
            },
        }
    }
    if problems.is_empty() { Ok(filled) } else { Err(problems) }
}

/// A value in words; the check of the value is the same.
pub(crate) fn print(declaration: &Declaration, value: &Value, today: NaiveDate) -> Result<String, Problem> {
    match declaration.kind {
        VariableType::String => text(value, TEXT_LENGTH_MAX),
        VariableType::Int => {
            value.as_i64().map(|number| number.to_string()).ok_or(Problem::Invalid("a whole number"))
        }
        VariableType::MoneyCents => value
            .as_i64()
            .filter(|cents| (0..=MONEY_MAX).contains(cents))
            .map(|cents| rastup_pdf::format_money(cents, "USD"))
            .ok_or(Problem::Invalid("an amount in whole cents, not negative")),
        VariableType::Datetime => datetime(value),
        VariableType::Date => date(value, declaration.min_age_years, today),
        VariableType::Duration => duration(value, declaration.max.as_deref()),
        VariableType::Enum => value
            .as_str()
            .filter(|text| declaration.values.iter().any(|allowed| allowed == text))
            .map(str::to_owned)
            .ok_or(Problem::Invalid("one of the values that the template allows")),
        VariableType::Address => address(value),
    }
}

fn text(value: &Value, length_max: usize) -> Result<String, Problem> {
    value
        .as_str()
        .filter(|text| !text.trim().is_empty() && text.chars().count() <= length_max)
        .map(str::to_owned)
        .ok_or(Problem::Invalid("a text, not empty and not too long"))
}

fn datetime(value: &Value) -> Result<String, Problem> {
    value
        .as_str()
        .and_then(|text| DateTime::parse_from_rfc3339(text).ok())
        .map(|at| at.format("%a, %b %-d, %Y, %-I:%M %p (UTC%:z)").to_string())
        .ok_or(Problem::Invalid("a time in RFC 3339"))
}

fn date(value: &Value, min_age_years: Option<u32>, today: NaiveDate) -> Result<String, Problem> {
    let day = value
        .as_str()
        .and_then(|text| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())
        .filter(|day| (1900..=2200).contains(&day.year()))
        .ok_or(Problem::Invalid("a day such as 2026-06-10"))?;
    match min_age_years {
        Some(years) if today.years_since(day).is_none_or(|age| age < years) => Err(Problem::TooYoung(years)),
        Some(_) | None => Ok(day.format("%B %-d, %Y").to_string()),
    }
}

/// Number and unit of an ISO 8601 duration of one unit, with its length in half hours: a month is a twelfth of a year.
fn parse_duration(text: &str) -> Option<(u32, &'static str, u64)> {
    let rest = text.strip_prefix('P')?;
    let (rest, of_day) = rest.strip_prefix('T').map_or((rest, false), |rest| (rest, true));
    let unit = rest.chars().last()?;
    let digits = rest.strip_suffix(unit)?;
    if digits.is_empty() || digits.len() > 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let count: u32 = digits.parse().ok().filter(|count| *count > 0)?;
    let (name, half_hours) = match (unit, of_day) {
        ('Y', false) => ("year", 17_532),
        ('M', false) => ("month", 1_461),
        ('W', false) => ("week", 336),
        ('D', false) => ("day", 48),
        ('H', true) => ("hour", 2),
        _ => return None,
    };
    Some((count, name, u64::from(count) * half_hours))
}

fn duration(value: &Value, max: Option<&str>) -> Result<String, Problem> {
    let (count, unit, length) = value
        .as_str()
        .and_then(parse_duration)
        .ok_or(Problem::Invalid("an ISO 8601 duration of one unit, such as P2Y"))?;
    if max.and_then(parse_duration).is_some_and(|(_, _, longest)| length > longest) {
        return Err(Problem::TooWide);
    }
    Ok(format!("{count} {unit}{}", if count == 1 { "" } else { "s" }))
}

fn address(value: &Value) -> Result<String, Problem> {
    let expected = Problem::Invalid("an address: a text, or an object with `line1` and `city`");
    let Some(parts) = value.as_object() else {
        return text(value, ADDRESS_LINE_MAX * 2).map_err(|_| expected);
    };
    let part = |name: &str| parts.get(name).filter(|value| !value.is_null());
    if part("line1").is_none() || part("city").is_none() {
        return Err(expected);
    }
    let lines = ["line1", "line2", "city", "region", "postal_code", "country"].into_iter().filter_map(part);
    let lines: Result<Vec<String>, Problem> = lines.map(|line| text(line, ADDRESS_LINE_MAX)).collect();
    Ok(lines.map_err(|_| expected)?.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn declared(kind: VariableType) -> Declaration {
        Declaration {
            kind,
            description: String::new(),
            example: Value::Null,
            default: None,
            values: vec!["Worldwide".to_owned()],
            max: Some("P5Y".to_owned()),
            min_age_years: None,
        }
    }

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 6, 1).unwrap()
    }

    #[test]
    fn every_type_prints_what_is_of_it_and_refuses_what_is_not() {
        use VariableType as T;
        let cases = [
            (T::String, json!("Two looks"), Some("Two looks")),
            (T::String, json!("  "), None),
            (T::String, json!(7), None),
            (T::String, json!("x".repeat(4_001)), None),
            (T::Int, json!(-3), Some("-3")),
            (T::Int, json!(1.5), None),
            (T::MoneyCents, json!(123_456), Some("$1,234.56")),
            (T::MoneyCents, json!(0), Some("$0.00")),
            (T::MoneyCents, json!(-1), None),
            (T::MoneyCents, json!("12.00"), None),
            (T::Datetime, json!("2026-06-10T14:00:00-05:00"), Some("Wed, Jun 10, 2026, 2:00 PM (UTC-05:00)")),
            (T::Datetime, json!("2 pm"), None),
            (T::Date, json!("2026-06-10"), Some("June 10, 2026")),
            (T::Date, json!("2026-02-30"), None),
            (T::Date, json!("06/10/2026"), None),
            (T::Duration, json!("P2Y"), Some("2 years")),
            (T::Duration, json!("P1M"), Some("1 month")),
            (T::Duration, json!("PT4H"), Some("4 hours")),
            (T::Duration, json!("P60M"), Some("60 months")),
            (T::Duration, json!("P61M"), None),
            (T::Duration, json!("P0D"), None),
            (T::Duration, json!("P1Y2M"), None),
            (T::Duration, json!("forever"), None),
            (T::Enum, json!("Worldwide"), Some("Worldwide")),
            (T::Enum, json!("Mars"), None),
            (T::Address, json!("1 Main St, Houston, TX"), Some("1 Main St, Houston, TX")),
            (
                T::Address,
                json!({"line1": "1 Main St", "line2": null, "city": "Houston", "region": "TX"}),
                Some("1 Main St, Houston, TX"),
            ),
            (T::Address, json!({"city": "Houston"}), None),
            (T::Address, json!(["1 Main St"]), None),
        ];
        for (kind, value, expected) in cases {
            let printed = print(&declared(kind), &value, today()).ok();
            assert_eq!(printed.as_deref(), expected, "{kind:?} {value}");
        }
    }

    #[test]
    fn an_age_is_reached_on_the_birthday() {
        let mut birthday = declared(VariableType::Date);
        birthday.min_age_years = Some(18);
        assert!(print(&birthday, &json!("2008-06-01"), today()).is_ok());
        for young in ["2008-06-02", "2026-01-01", "2030-01-01"] {
            assert_eq!(print(&birthday, &json!(young), today()), Err(Problem::TooYoung(18)), "{young}");
        }
    }

    #[test]
    fn all_problems_are_told_together_and_defaults_fill_what_is_absent() {
        let mut with_default = declared(VariableType::Duration);
        with_default.default = Some(json!("P2Y"));
        let declared = BTreeMap::from([
            ("a".to_owned(), declared(VariableType::String)),
            ("b".to_owned(), declared(VariableType::MoneyCents)),
            ("c".to_owned(), with_default),
        ]);
        let given = BTreeMap::from([("b".to_owned(), json!("x")), ("other".to_owned(), json!(1))]);
        let problems = fill(&declared, &given, today()).unwrap_err();
        assert_eq!(problems.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        let given = BTreeMap::from([("a".to_owned(), json!("x")), ("b".to_owned(), json!(1))]);
        let filled = fill(&declared, &given, today()).unwrap();
        assert_eq!(filled["c"], json!("P2Y"));
        assert_eq!(filled.len(), 3);
    }
}
