//! The hash-chained audit trail (§1.18.H): who did what to which thing, each row bound to the one before.

use chrono::{DateTime, SecondsFormat, Utc};
use rastup_types::AuditId;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgPool};

/// Lock that makes writers of the chain wait for each other; any constant that nothing else uses.
const CHAIN_LOCK: i64 = 0x5241_5354_5550;
/// What the first row is bound to.
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) audit_id: AuditId,
    pub(crate) occurred_at: DateTime<Utc>,
    pub(crate) actor: String,
    pub(crate) action: &'static str,
    pub(crate) target: String,
    pub(crate) details: Value,
    pub(crate) corr_id: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    seq: i64,
    audit_id: String,
    occurred_at: DateTime<Utc>,
    actor: String,
    action: String,
    target: String,
    details: Value,
    corr_id: String,
    prev_hash: String,
    hash: String,
}

impl Row {
    fn expected_hash(&self) -> String {
        let at = self.occurred_at.to_rfc3339_opts(SecondsFormat::Micros, true);
        let covered = json!([
            self.seq,
            self.audit_id,
            at,
            self.actor,
            self.action,
            self.target,
            self.details,
            self.corr_id,
            self.prev_hash
        ]);
        hex::encode(Sha256::digest(covered.to_string().as_bytes()))
    }
}

pub(crate) async fn append(conn: &mut PgConnection, entries: &[Entry]) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock($1)").bind(CHAIN_LOCK).execute(&mut *conn).await?;
    let last: Option<(i64, String)> =
        sqlx::query_as("select seq, hash from platform.audit_log order by seq desc limit 1")
            .fetch_optional(&mut *conn)
            .await?;
    let (mut seq, mut prev_hash) = last.unwrap_or((0, GENESIS.to_owned()));
    for entry in entries {
        seq += 1;
        let mut row = Row {
            seq,
            audit_id: entry.audit_id.to_string(),
            occurred_at: entry.occurred_at,
            actor: entry.actor.clone(),
            action: entry.action.to_owned(),
            target: entry.target.clone(),
            details: entry.details.clone(),
            corr_id: entry.corr_id.clone(),
            prev_hash,
            hash: String::new(),
        };
        row.hash = row.expected_hash();
        sqlx::query(
            "insert into platform.audit_log
                 (seq, audit_id, occurred_at, actor, action, target, details, corr_id, prev_hash, hash)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(row.seq)
        .bind(&row.audit_id)
        .bind(row.occurred_at)
        .bind(&row.actor)
        .bind(&row.action)
        .bind(&row.target)
        .bind(&row.details)
        .bind(&row.corr_id)
        .bind(&row.prev_hash)
        .bind(&row.hash)
        .execute(&mut *conn)
        .await?;
        prev_hash = row.hash;
    }
    Ok(())
}

/// Checks the whole chain; answers with the sequence number of the first row that does not fit, if any.
pub async fn first_broken_link(pool: &PgPool) -> Result<Option<i64>, sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select seq, audit_id, occurred_at, actor, action, target, details, corr_id, prev_hash, hash
         from platform.audit_log order by seq",
    )
    .fetch_all(pool)
    .await?;
    let (mut expected_seq, mut prev_hash) = (1, GENESIS.to_owned());
    for row in rows {
        if row.seq != expected_seq || row.prev_hash != prev_hash || row.hash != row.expected_hash() {
            return Ok(Some(row.seq));
        }
        (expected_seq, prev_hash) = (row.seq + 1, row.hash);
    }
    Ok(None)
}
