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
    /// An enabled write whose verification is disabled.
    DisabledVerification = "OF025" Error,
    /// A write that nothing verifies after it failed.
    UnverifiedFailure = "OF026" Warning,
    /// A chain to a write, which only requests it.
    ChainToWrite = "OF027" Info,
    /// A one-shot job that no chain and no schedule reaches.
    UnreachedJob = "OF028" Warning,
    /// A job that two jobs of one ancestor start.
    StartedTwice = "OF029" Warning,
    /// A write that is asked for because another one failed.
    WriteAfterFailure = "OF030" Warning,
    /// The same link twice.
    RepeatedLink = "OF031" Warning,
    /// A link of a job that only ever verifies, which fires nothing.
    DeadLink = "OF032" Warning,
    /// `autoResume` on a job that a tick may not start.
    UnsafeResume = "OF033" Error,
    /// A one_shot_read with the risk of a write.
    ReadWithWriteRisk = "OF034" Error,
    /// A read job whose command looks like a write.
    WriteInRead = "OF035" Error,
    /// A write whose command only reads.
    ReadInWrite = "OF036" Warning,
    /// A status command that looks like a write.
    WriteInStatus = "OF037" Error,
    /// A read job with the id or a command of what was declared a write.
    HiddenWrite = "OF038" Error,
    /// `autoResume` without a back-off.
    ResumeStorm = "OF042" Error,
    /// `autoResume` without an end.
    EndlessResume = "OF043" Warning,
    /// Quiet hours whose ends meet because one of them is only a default.
    EmptyQuietHours = "OF044" Warning,
    /// A status command that may take as long as it takes until the next tick.
    SlowStatus = "OF045" Warning,
    /// A stall that is over before two ticks have looked.
    HastyStall = "OF046" Warning,
    /// `autoResume` on a status file that names no process.
    ResumeWithoutPid = "OF047" Warning,
    /// A time for the verification of a write that may be over before a tick comes.
    HastyVerification = "OF048" Warning,
    /// A program that is not there.
    ProgramNotFound = "OF050" Warning,
    /// A relative path on a job that names no folder.
    RelativePath = "OF051" Warning,
    /// Words that only a shell would understand.
    ShellText = "OF052" Warning,
    /// A command inside a shell's argument.
    HiddenCommand = "OF053" Warning,
    /// A program that can't be started.
    UnfitProgram = "OF054" Error,
    /// A secret in the config.
    SecretInConfig = "OF055" Error,
    /// A config or program that others may change.
    WritableByOthers = "OF056" Error,
    /// `approval.granted: true`, which grants nothing.
    GrantInFile = "OF060" Warning,
    /// `approval.required: false`, which is refused.
    ApprovalSwitchedOff = "OF061" Error,
    /// A write that only a code approves, without a chat that one could go to.
    CodeWithoutChat = "OF063" Warning,
    /// A compiled machine that is not proved to start a write only behind an approval.
    UnprovedMachine = "OF070" Error,
    /// A suppression whose time is over.
    ExpiredSuppression = "OF080" Warning,
    /// A suppression that hides nothing.
    IdleSuppression = "OF081" Warning,
}

impl Code {
    /// The code of this name, as in `OF004`; case does not count.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str().eq_ignore_ascii_case(text))
    }

    /// Does a config with an error of this code run nothing at all?
    ///
    /// Such a config can't be read as what it means, or its machines are not safe. All else speaks
    /// through `check`, and costs no more than the effect that it is about.
    #[must_use]
    pub const fn stops_everything(self) -> bool {
        matches!(
            self,
            Self::SyntaxError
                | Self::DuplicateKey
                | Self::WrongType
                | Self::MissingKey
                | Self::UnsupportedVersion
                | Self::DuplicateJob
                | Self::UnknownWord
                | Self::DanglingChain
                | Self::SelfChain
                | Self::CyclicChain
                | Self::NoVerification
                | Self::UnfitVerification
                | Self::HiddenWrite
                | Self::ApprovalSwitchedOff
                | Self::UnprovedMachine
        )
    }

    /// Is it about safety? Then nobody sets its severity, and nothing suppresses it.
    #[must_use]
    pub const fn is_safety(self) -> bool {
        self.stops_everything()
            || matches!(
                self,
                Self::DisabledVerification
                    | Self::UnsafeResume
                    | Self::ReadWithWriteRisk
                    | Self::ResumeStorm
            )
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
