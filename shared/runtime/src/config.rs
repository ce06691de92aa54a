//! Configuration of a Lambda, read once from its environment; nothing secret is in it.

/// Where a Lambda runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The local cloud.
    Local,
    /// The shared development account.
    Dev,
    /// Rehearsal of production.
    Stage,
    /// Production.
    Prod,
}

/// A variable is absent or malformed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("environment variable `{name}` {problem}")]
pub struct ConfigError {
    /// Name of the variable.
    pub name: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// The environment of this Lambda.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it runs.
    pub stage: Stage,
    /// Name of the binary.
    pub function: String,
    read: fn(&str) -> Option<String>,
}

impl Config {
    /// Reads the process environment.
    pub fn from_env() -> Result<Config, ConfigError> {
        Config::from_reader(read_env)
    }

    /// Reads variables through `read`; lets tests give their own.
    pub fn from_reader(read: fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
        let stage = match read("RASTUP_STAGE").as_deref() {
            Some("local") => Stage::Local,
            Some("dev") => Stage::Dev,
            Some("stage") => Stage::Stage,
            Some("prod") => Stage::Prod,
            Some(_) => return Err(wrong("RASTUP_STAGE", "must be local, dev, stage or prod")),
            None => return Err(wrong("RASTUP_STAGE", "is missing")),
        };
        let function = read("RASTUP_FUNCTION").ok_or_else(|| wrong("RASTUP_FUNCTION", "is missing"))?;
        Ok(Config { stage, function, read })
    }

    /// A variable that must be set.
    pub fn required(&self, name: &str) -> Result<String, ConfigError> {
        self.optional(name).ok_or_else(|| wrong(name, "is missing"))
    }

    /// A variable that may be set.
    pub fn optional(&self, name: &str) -> Option<String> {
        (self.read)(name).filter(|value| !value.is_empty())
    }

    /// A whole number with a default.
    pub fn number(&self, name: &str, default: u32) -> Result<u32, ConfigError> {
        match self.optional(name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| wrong(name, "must be a whole number")),
        }
    }
}

fn wrong(name: &str, problem: &'static str) -> ConfigError {
    ConfigError { name: name.to_owned(), problem }
}

#[allow(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn read_env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_stage_is_refused() {
        let error =
            Config::from_reader(|name| (name == "RASTUP_STAGE").then(|| "laptop".to_owned())).unwrap_err();
        assert_eq!(
            error.to_string(),
            "environment variable `RASTUP_STAGE` must be local, dev, stage or prod"
        );
    }

    #[test]
    fn an_empty_variable_counts_as_missing() {
        let config = Config::from_reader(|name| match name {
            "RASTUP_STAGE" => Some("dev".to_owned()),
            "RASTUP_FUNCTION" => Some("f".to_owned()),
            _ => Some(String::new()),
        })
        .unwrap();
        assert_eq!(config.required("BUS").unwrap_err().problem, "is missing");
        assert_eq!(config.number("SIZE", 7), Ok(7));
    }
}
