//! A database per test, copied from a migrated template in one cluster.

use std::str::FromStr;

use rastup_store::{
    MIGRATIONS,
    sqlx::{
        self, AssertSqlSafe, Connection, Executor, PgConnection, PgPool,
        postgres::{PgConnectOptions, PgPoolOptions},
    },
};

/// Lock under which the template is made; any constant that nothing else uses.
const TEMPLATE_LOCK: i64 = 0x7465_7374;

/// A database of its own; its cluster is thrown away as a whole.
pub struct TestDatabase {
    pool: PgPool,
}

#[allow(
    clippy::disallowed_methods,
    reason = "the address of the throw-away cluster comes from the test runner"
)]
fn server() -> PgConnectOptions {
    let url = std::env::var("TEST_DATABASE_URL")
        .expect("TEST_DATABASE_URL is not set: run the tests through `make test` or `make test-rust`");
    PgConnectOptions::from_str(&url).expect("TEST_DATABASE_URL is an address of PostgreSQL")
}

fn template_name() -> String {
    let checksum =
        MIGRATIONS.iter().flat_map(|m| m.checksum.iter()).fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("template_{checksum:016x}")
}

impl TestDatabase {
    /// Copies the template, which the first test makes.
    pub async fn create() -> TestDatabase {
        let mut admin = PgConnection::connect_with(&server()).await.expect("the throw-away cluster answers");
        let template = template_name();
        sqlx::query("select pg_advisory_lock($1)")
            .bind(TEMPLATE_LOCK)
            .execute(&mut admin)
            .await
            .expect("lock");
        let exists: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
            .bind(&template)
            .fetch_one(&mut admin)
            .await
            .expect("catalogue");
        if !exists {
            // Made under another name first: a failed migration must not leave a half-made template.
            let draft = format!("{template}_draft");
            admin
                .execute(AssertSqlSafe(format!("drop database if exists {draft}")))
                .await
                .expect("drop draft");
            admin.execute(AssertSqlSafe(format!("create database {draft}"))).await.expect("create draft");
            let mut migrating =
                PgConnection::connect_with(&server().database(&draft)).await.expect("connect to draft");
            MIGRATIONS.run(&mut migrating).await.expect("the migrations run on an empty database");
            migrating.close().await.expect("close");
            admin
                .execute(AssertSqlSafe(format!("alter database {draft} rename to {template}")))
                .await
                .expect("rename");
        }
        let name = format!("test_{}", uuid_of_this_test());
        admin
            .execute(AssertSqlSafe(format!("create database {name} template {template}")))
            .await
            .expect("copy template");
        sqlx::query("select pg_advisory_unlock($1)")
            .bind(TEMPLATE_LOCK)
            .execute(&mut admin)
            .await
            .expect("unlock");
        let pool = PgPoolOptions::new()
            .max_connections(8)
            .connect_with(server().database(&name))
            .await
            .expect("connect to the test's database");
        TestDatabase { pool }
    }

    /// Connections to it.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }
}

#[allow(clippy::disallowed_methods, reason = "a database name is not part of what is tested")]
fn uuid_of_this_test() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
