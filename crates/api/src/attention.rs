//! Bodies of answers about what needs an operator, about settings, and about the state of the machine.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The urgency of something that needs an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttentionLevel {
    /// It is good to know.
    Info,
    /// It becomes a problem if nobody looks at it.
    Warning,
    /// Something does not work.
    Error,
}

/// Something that needs an operator.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Attention {
    pub level: AttentionLevel,
    /// `dead`, `lane_standing`, `hook_off`, `app_failed`, `secret_overlap`, `exchange_failing`, `disk`, `clock` or `server`.
    #[schema(example = "dead")]
    pub kind: String,
    pub object: AttentionObject,
    /// Since when, if that is known.
    #[schema(format = DateTime)]
    pub since: Option<String>,
    /// One sentence for people.
    pub text: String,
    /// How many deliveries or exchanges it concerns.
    pub count: Option<u64>,
    /// The screen of the console that shows it.
    pub screen: String,
    /// The query that selects the deliveries to retry.
    pub recover: Option<String>,
}

/// The thing that needs an operator.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AttentionObject {
    /// `app`, `hook` or `server`.
    pub kind: String,
    /// The name of the app, or the id of the hook.
    pub id: String,
}

/// Everything that needs an operator, the worst first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AttentionList {
    pub data: Vec<Attention>,
}

/// The configuration in force.
#[expect(clippy::struct_field_names, reason = "the member is named in the API")]
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Settings {
    pub settings: Vec<Setting>,
    pub version: String,
    #[schema(format = DateTime)]
    pub started_at: String,
    /// The directory of the database.
    pub data_dir: String,
}

/// One key of the configuration.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Setting {
    /// The key with its table.
    #[schema(example = "retry.schedule")]
    pub key: String,
    /// The value as TOML; `set` or `not set` for a secret.
    pub value: String,
    pub source: SettingSource,
}

/// The place that the value of a setting comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettingSource {
    /// No source sets a value.
    Default,
    /// It is in the configuration file.
    File,
    /// A variable of the environment.
    Environment,
    /// An option of the command line.
    Flag,
}

/// The result of all checks of the server and its surroundings.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Doctor {
    pub data: Vec<Finding>,
}

/// The result of one check.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// The subject of the check.
    #[schema(example = "disk")]
    pub check: String,
    pub level: FindingLevel,
    /// One sentence for people.
    pub text: String,
    /// How to mend it.
    pub fix: Option<String>,
}

/// The result of a check in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingLevel {
    /// The check found nothing.
    Ok,
    /// It becomes a problem if nobody looks at it.
    Warning,
    /// Something does not work.
    Error,
}
