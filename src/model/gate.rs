//! What a config says of approvals and sandboxes.

use crate::approval::Level;

/// Whether a check is kept from writing (`sandbox`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sandbox {
    /// It may write in a scratch folder only, whenever it runs.
    ReadOnly,
    /// It may do what its user may, also while it verifies a write.
    Off,
}

impl Sandbox {
    /// Both.
    pub const ALL: [Self; 2] = [Self::ReadOnly, Self::Off];

    /// The word in the config.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read_only",
            Self::Off => "off",
        }
    }
}

/// What a write's config says of its approval (`approval`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApprovalPolicy {
    /// `granted: true`: grants nothing, counts as a request.
    pub granted_in_file: bool,
    /// May it be approved without a terminal?
    pub non_interactive: bool,
    /// The least level that serves, if the config names one.
    pub level: Option<Level>,
}

impl ApprovalPolicy {
    /// The least level that serves: a terminal, unless the config can do without.
    #[must_use]
    pub fn least_level(&self) -> Level {
        let usual = if self.non_interactive { Level::Unattended } else { Level::Asserted };
        self.level.unwrap_or(usual)
    }

    /// Does nothing but a one-time code approve it?
    #[must_use]
    pub fn takes_codes_only(&self) -> bool {
        self.least_level() == Level::Confirmed
    }
}
