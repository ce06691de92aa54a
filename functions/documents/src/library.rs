//! Reading the clause library: what is published and not withdrawn, and the frozen clauses of an issued document.

use std::collections::BTreeMap;

use rastup_store::Unit;
use rastup_types::{ClauseId, TemplateId};
use serde_json::Value;
use sqlx::types::Json;

use crate::{
    DocumentError,
    model::TemplateKind,
    rules::{
        binding,
        signers::SignerRule,
        templates::{Chosen, Clause, Gate, Layout, Section, Template},
        variables::Declaration,
    },
};

#[derive(sqlx::FromRow)]
struct TemplateRow {
    template_id: TemplateId,
    kind: TemplateKind,
    name: String,
    version: i32,
    city_gate: Option<Vec<String>>,
    role_gate: Option<Vec<String>>,
    layout_json: Value,
    signer_roles: Value,
}

#[derive(sqlx::FromRow)]
struct ClauseRow {
    template_id: TemplateId,
    position: i32,
    heading: String,
    clause_id: ClauseId,
    name: String,
    version: i32,
    city_gate: Option<Vec<String>>,
    role_gate: Option<Vec<String>>,
    body_markdown: String,
    variables_json: Json<BTreeMap<String, Declaration>>,
}

impl From<ClauseRow> for Clause {
    fn from(row: ClauseRow) -> Clause {
        Clause {
            clause_id: row.clause_id,
            name: row.name,
            version: row.version,
            gate: Gate { cities: row.city_gate, roles: row.role_gate },
            body: row.body_markdown,
            variables: row.variables_json.0,
        }
    }
}

/// Templates that new packs may use.
pub(crate) async fn published(unit: &mut Unit) -> Result<Vec<Template>, DocumentError> {
    let templates: Vec<TemplateRow> = sqlx::query_as(
        "select template_id, kind, name, version, city_gate, role_gate, layout_json, signer_roles
         from documents.doc_template where published_at is not null and is_active order by template_id",
    )
    .fetch_all(unit.conn())
    .await?;
    // A withdrawn clause is no alternative; its position may then be empty, which gates the template.
    let clauses: Vec<ClauseRow> = sqlx::query_as(
        "select tc.template_id, tc.position, tc.heading, c.clause_id, c.name, c.version, c.city_gate, c.role_gate,
                c.body_markdown, c.variables_json
         from documents.doc_template_clause tc
         join documents.doc_template t using (template_id)
         join documents.doc_clause c using (clause_id)
         where t.published_at is not null and t.is_active and c.is_active
         order by tc.template_id, tc.position, tc.alternative",
    )
    .fetch_all(unit.conn())
    .await?;
    let positions: Vec<(TemplateId, i32, String)> = sqlx::query_as(
        "select distinct template_id, position, heading from documents.doc_template_clause
         order by template_id, position",
    )
    .fetch_all(unit.conn())
    .await?;
    let mut by_position: BTreeMap<(TemplateId, i32), Vec<Clause>> = BTreeMap::new();
    for row in clauses {
        by_position.entry((row.template_id, row.position)).or_default().push(row.into());
    }
    templates
        .into_iter()
        .map(|row| {
            let sections = positions.iter().filter(|(template_id, _, _)| *template_id == row.template_id);
            let sections = sections.map(|(template_id, position, heading)| Section {
                heading: heading.clone(),
                alternatives: by_position.remove(&(*template_id, *position)).unwrap_or_default(),
            });
            Ok(Template {
                sections: sections.collect(),
                template_id: row.template_id,
                kind: row.kind,
                name: row.name,
                version: row.version,
                gate: Gate { cities: row.city_gate, roles: row.role_gate },
                layout: parse::<Layout>(row.layout_json)?,
                signers: parse::<Vec<SignerRule>>(row.signer_roles)?,
            })
        })
        .collect()
}

fn parse<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, DocumentError> {
    serde_json::from_value(value).map_err(|error| DocumentError::Library(error.to_string()))
}

/// An issued document's template and its clauses under their headings, as they were when the pack was made.
pub(crate) struct Issued {
    pub(crate) name: String,
    pub(crate) layout: Layout,
    pub(crate) clauses: Vec<(String, Clause)>,
}

/// Reads what a document is made of; published text is frozen, so a later reading gives the same.
pub(crate) async fn issued(
    unit: &mut Unit,
    template_id: TemplateId,
    clause_ids: &[String],
) -> Result<Issued, DocumentError> {
    let (name, layout): (String, Value) =
        sqlx::query_as("select name, layout_json from documents.doc_template where template_id = $1")
            .bind(template_id)
            .fetch_one(unit.conn())
            .await?;
    let rows: Vec<ClauseRow> = sqlx::query_as(
        "select tc.template_id, tc.position, tc.heading, c.clause_id, c.name, c.version, c.city_gate, c.role_gate,
                c.body_markdown, c.variables_json
         from documents.doc_template_clause tc join documents.doc_clause c using (clause_id)
         where tc.template_id = $1 and tc.clause_id = any($2) order by tc.position",
    )
    .bind(template_id)
    .bind(clause_ids)
    .fetch_all(unit.conn())
    .await?;
    if rows.len() != clause_ids.len() {
        return Err(DocumentError::Library(format!("clauses of {template_id} are gone")));
    }
    let clauses = rows.into_iter().map(|row| (row.heading.clone(), Clause::from(row))).collect();
    Ok(Issued { name, layout: parse(layout)?, clauses })
}

/// Every variable that the clauses declare. Error: two clauses disagree, or a clause uses what it does not declare.
pub(crate) fn declarations<'a>(
    clauses: impl IntoIterator<Item = &'a Clause>,
) -> Result<BTreeMap<String, Declaration>, DocumentError> {
    let mut all: BTreeMap<String, Declaration> = BTreeMap::new();
    for clause in clauses {
        let used = binding::placeholders(&clause.body)
            .map_err(|error| DocumentError::Library(format!("{}: {error}", clause.name)))?;
        if let Some(name) = used.iter().find(|name| !clause.variables.contains_key(**name)) {
            return Err(DocumentError::Library(format!("{} does not declare {name}", clause.name)));
        }
        for (name, declaration) in &clause.variables {
            let known = all.entry(name.clone()).or_insert_with(|| declaration.clone());
            let agrees = (known.kind, &known.default, &known.max, known.min_age_years)
                == (declaration.kind, &declaration.default, &declaration.max, declaration.min_age_years);
            if !agrees {
                return Err(DocumentError::Library(format!("{name} is declared in two ways")));
            }
        }
    }
    Ok(all)
}

impl Chosen<'_> {
    /// Every variable of the chosen clauses.
    pub(crate) fn declarations(&self) -> Result<BTreeMap<String, Declaration>, DocumentError> {
        declarations(self.clauses.iter().copied())
    }
}
