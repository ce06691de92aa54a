//! Start-up of a Lambda: telemetry, configuration and clients, each made once and only when it is asked for.

use std::{str::FromStr, sync::Arc};

use aws_config::{BehaviorVersion, SdkConfig};
use rastup_store::{
    Store,
    sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    bus::{EventBridge, Relay},
    clock::{SystemClock, TimeOrderedIds},
    config::{Config, ConfigError, Stage},
    objects::{Objects, S3},
    rate_limit::{DynamoCounters, RateLimit},
    resolver::Edge,
    sagas::{Sagas, StepFunctions},
    telemetry,
};

/// A Lambda takes one request at a time; a second connection serves the relay beside it.
const CONNECTIONS_MAX: u32 = 2;

/// Why a Lambda cannot start.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// A variable is absent or malformed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A secret cannot be read.
    #[error("failed to read the secret named by `{name}`: {cause}")]
    Secret {
        /// Variable that names the secret.
        name: String,
        /// What the secret store said; never the content.
        cause: String,
    },
    /// The database does not answer.
    #[error("failed to connect to the database")]
    Database(#[from] rastup_store::sqlx::Error),
}

#[derive(Deserialize)]
struct DatabaseSecret {
    host: String,
    port: u16,
    username: String,
    password: String,
    dbname: String,
    sslmode: Option<String>,
}

/// What a Lambda starts with.
pub struct Init {
    /// The environment.
    pub config: Config,
    aws: SdkConfig,
}

impl Init {
    /// Reads the environment and starts the log.
    pub async fn new() -> Result<Init, InitError> {
        let config = Config::from_env()?;
        telemetry::start(&config.optional("LOG_LEVEL").unwrap_or_else(|| "info".to_owned()));
        // Lambda gives credentials and region by environment: nothing else is looked for, which keeps the start cheap.
        let aws = aws_config::defaults(BehaviorVersion::latest())
            .credentials_provider(aws_config::environment::EnvironmentVariableCredentialsProvider::new())
            .region(aws_config::environment::EnvironmentVariableRegionProvider::new())
            .load()
            .await;
        Ok(Init { config, aws })
    }

    /// Reads a JSON secret whose ARN is in variable `name`.
    pub async fn secret<T: DeserializeOwned>(&self, name: &str) -> Result<T, InitError> {
        let failed = |cause: String| InitError::Secret { name: name.to_owned(), cause };
        let client = aws_sdk_secretsmanager::Client::new(&self.aws);
        let answer = client.get_secret_value().secret_id(self.config.required(name)?).send().await.map_err(
            |error| failed(aws_sdk_secretsmanager::error::DisplayErrorContext(&error).to_string()),
        )?;
        let text = answer.secret_string().ok_or_else(|| failed("it has no text".to_owned()))?;
        // The parser's message may quote the content, so it is not passed on.
        serde_json::from_str(text).map_err(|_| failed("it does not have the expected fields".to_owned()))
    }

    /// Connects to PostgreSQL.
    pub async fn store(&self) -> Result<Store, InitError> {
        let secret: DatabaseSecret = self.secret("DATABASE_SECRET_ARN").await?;
        let ssl_mode = PgSslMode::from_str(secret.sslmode.as_deref().unwrap_or("verify-full"))?;
        let options = PgConnectOptions::new_without_pgpass()
            .host(&secret.host)
            .port(secret.port)
            .username(&secret.username)
            .password(&secret.password)
            .database(&secret.dbname)
            .ssl_mode(ssl_mode)
            .application_name(&self.config.function);
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .min_connections(0)
            .connect_with(options)
            .await?;
        Ok(Store::new(pool, Arc::new(self.clock()), Arc::new(TimeOrderedIds)))
    }

    /// The clock; it can be moved in the local cloud only.
    pub fn clock(&self) -> SystemClock {
        let offset_file = match self.config.stage {
            Stage::Local => self.config.optional("CLOCK_FILE").map(Into::into),
            Stage::Dev | Stage::Stage | Stage::Prod => None,
        };
        SystemClock { offset_file }
    }

    /// The relay from the outbox to the event bus.
    pub fn relay(&self, store: &Store) -> Result<Relay, InitError> {
        let bus_name = self.config.required("EVENT_BUS_NAME")?;
        let client = aws_sdk_eventbridge::Client::new(&self.aws);
        Ok(Relay::new(store.clone(), Arc::new(EventBridge { client, bus_name })))
    }

    /// The counters of requests.
    pub fn rate_limit(&self) -> Result<Arc<dyn RateLimit>, InitError> {
        let table = self.config.required("RATE_LIMIT_TABLE")?;
        Ok(Arc::new(DynamoCounters { client: aws_sdk_dynamodb::Client::new(&self.aws), table }))
    }

    /// What a resolver has besides its context's dependencies.
    pub fn edge(&self, store: &Store) -> Result<Edge, InitError> {
        let relay = match self.config.optional("EVENT_BUS_NAME") {
            Some(_) => Some(self.relay(store)?),
            None => None,
        };
        let (function, clock) = (self.config.function.clone(), Arc::new(self.clock()));
        Ok(Edge { function, clock, relay, rate_limit: self.rate_limit()? })
    }

    /// The state machines.
    pub fn sagas(&self) -> Arc<dyn Sagas> {
        Arc::new(StepFunctions { client: aws_sdk_sfn::Client::new(&self.aws), config: self.config.clone() })
    }

    /// The bucket named by a variable, such as `DOCUMENTS_BUCKET`.
    pub fn objects(&self, bucket_variable: &str) -> Result<Arc<dyn Objects>, InitError> {
        let bucket = self.config.required(bucket_variable)?;
        // The local cloud serves buckets as paths; names under its host do not resolve.
        let path_style = self.config.stage == Stage::Local;
        let config = aws_sdk_s3::config::Builder::from(&self.aws).force_path_style(path_style).build();
        Ok(Arc::new(S3 { client: aws_sdk_s3::Client::from_conf(config), bucket }))
    }

    /// The publisher of subscription events.
    pub fn appsync(&self) -> Result<crate::appsync::AppSync, InitError> {
        Ok(crate::appsync::AppSync::new(self.config.required("APPSYNC_URL")?, &self.aws))
    }
}
