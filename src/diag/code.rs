//! The closed list of findings. A code is stable once released.

use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Works, but probably not as meant.
    Warning,
    /// Nothing runs until it is mended.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal $severity:ident,)*) => {
        /// What a finding is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[doc = $doc])* $name,)*
        }

        impl Code {
            /// Every code, in the order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as printed: `OF004`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it means, in a sentence.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),*).trim(),)* }
            }

            /// The severity it has unless a caller changes it.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// Does a config with an error of this code run nothing at all?
            ///
            /// Every code found so far does; the advice of later rules never will.
            #[must_use]
            pub const fn stops_everything(self) -> bool {
                matches!(self.severity(), Severity::Error)
            }
        }
    };
}

codes! {
    /// The file is not TOML, or not JSON, or could not be read.
    SyntaxError = "OF001" Error,
    /// A key that nothing reads.
    UnknownKey = "OF002" Warning,
    /// The same key twice in one table.
    DuplicateKey = "OF003" Error,
    /// A value of the wrong type, or out of its range.
    WrongType = "OF004" Error,
    /// A key that this kind of job needs.
    MissingKey = "OF005" Error,
    /// A key that has no effect on this kind of job.
    UselessKey = "OF006" Warning,
    /// A config version that this build can't read.
    UnsupportedVersion = "OF007" Error,
    /// Two jobs with one id.
    DuplicateJob = "OF008" Error,
    /// A time zone that this host does not know.
    UnknownZone = "OF009" Warning,
    /// A kind or risk that does not exist.
    UnknownWord = "OF010" Error,
    /// A chain to a job that does not exist.
    DanglingChain = "OF020" Error,
    /// A job that starts itself.
    SelfChain = "OF021" Error,
    /// A chain that comes back to where it began.
    CyclicChain = "OF022" Error,
    /// A write that nothing verifies.
    NoVerification = "OF023" Error,
    /// A verification that is no read-only read job.
    UnfitVerification = "OF024" Error,
    /// A time for the verification of a write that may be over before a tick comes.
    HastyVerification = "OF025" Warning,
    /// A read job with the id or a command of what was declared a write.
    HiddenWrite = "OF038" Error,
    /// `approval.granted: true`, which grants nothing.
    GrantInFile = "OF060" Warning,
    /// `approval.required: false`, which is refused.
    ApprovalSwitchedOff = "OF061" Error,
    /// A compiled machine that is not proved to start a write only behind an approval.
    UnprovedMachine = "OF070" Error,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
