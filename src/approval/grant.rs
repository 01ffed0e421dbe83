//! Grants, and the one function that judges them.
//!
//! In: a grant, what is wanted of it, the present. Out: nothing, or why it is unfit.
//! Invariant: a grant is judged from its own words and the clocks; whether it is spent or revoked
//! is for the journal to say, which never offers one that is.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::PlanDigest;
use crate::base::{GrantId, JobId, Stamp};

/// How sure it is that a person approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// No terminal: whoever may run opsfsm here.
    Unattended,
    /// Somebody at a terminal of this account typed the digest.
    Asserted,
    /// A one-time code from the person's own chat.
    Confirmed,
}

impl Level {
    /// Every level, weakest first.
    pub const ALL: [Self; 3] = [Self::Unattended, Self::Asserted, Self::Confirmed];

    /// The word in the config, in the store and on the screen.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unattended => "unattended",
            Self::Asserted => "asserted",
            Self::Confirmed => "confirmed",
        }
    }
}

/// Who approved, as far as the system can tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// The account.
    pub user: String,
    /// Its number.
    pub uid: u32,
    /// The number of the account that logged in, which `su` and `sudo` leave as it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub login_uid: Option<u32>,
    /// The terminal; `None`: there was none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tty: Option<String>,
    /// The name that they gave themselves (`--by`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub by: Option<String>,
    /// The account that acted for them, where it is another one: it has their own from sudo.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub through: Option<String>,
}

/// One approval of one plan, for one start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// The write.
    pub job: JobId,
    /// The plan.
    pub digest: PlanDigest,
    /// The store that it was given to: in any other it is void.
    pub epoch: String,
    /// When.
    pub at: Stamp,
    /// It ends this long after, in milliseconds, by the wall clock or the boot clock, whichever
    /// comes first.
    pub life_ms: u64,
    /// Who.
    pub evidence: Evidence,
    /// How sure that is.
    pub level: Level,
}

/// What a start wants of a grant.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// The write to be started.
    pub job: &'a JobId,
    /// The plan that would run now.
    pub digest: &'a PlanDigest,
    /// The store's own epoch.
    pub epoch: &'a str,
    /// The least level that the job's config asks for.
    pub least: Level,
}

/// Why a grant does not serve.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error,
)]
#[serde(rename_all = "snake_case")]
pub enum Unfit {
    /// Its time is over.
    #[error("the approval has expired")]
    Expired,
    /// The host was booted since.
    #[error("the approval was given in another boot of this host")]
    OtherBoot,
    /// The system does not say at this moment which boot it is in. That says nothing of the grant.
    #[error("this host does not say which boot it is in, so the approval can't be judged")]
    NoBoot,
    /// The wall clock stands before the moment of approval.
    #[error("the clock stands before the moment of the approval")]
    ClockWentBack,
    /// It was given to another store, or before this one was put back to an earlier moment.
    #[error("the approval was given to another store, or before this one was put back")]
    OtherStore,
    /// It is for another job.
    #[error("the approval is for another job")]
    OtherJob,
    /// What would run is not what was approved.
    #[error("the plan is not the approved one any more")]
    OtherPlan,
    /// The job asks for a surer approval.
    #[error("the approval is of a lower level than the job asks for")]
    LevelTooLow,
}

impl Unfit {
    /// Is it a fault of the grant, which then serves no more, or of the moment?
    #[must_use]
    pub const fn is_of_the_grant(self) -> bool {
        match self {
            Self::NoBoot => false,
            Self::Expired
            | Self::OtherBoot
            | Self::ClockWentBack
            | Self::OtherStore
            | Self::OtherJob
            | Self::OtherPlan
            | Self::LevelTooLow => true,
        }
    }
}

/// Is the grant alive, whatever it is for?
///
/// # Errors
/// [`Unfit`].
pub fn judge_alive(grant: &Grant, epoch: &str, now: &Stamp) -> Result<(), Unfit> {
    if grant.epoch != epoch || epoch.is_empty() {
        return Err(Unfit::OtherStore);
    }
    if now.boot.as_str().is_empty() {
        return Err(Unfit::NoBoot);
    }
    if grant.at.boot != now.boot {
        return Err(Unfit::OtherBoot);
    }
    if now.wall_ms < grant.at.wall_ms || now.up_ms < grant.at.up_ms {
        return Err(Unfit::ClockWentBack);
    }
    let life = Duration::from_millis(grant.life_ms);
    let passed = |now_ms: i64, then_ms: i64| Duration::from_millis(now_ms.abs_diff(then_ms));
    let age = passed(now.wall_ms, grant.at.wall_ms).max(passed(now.up_ms, grant.at.up_ms));
    if age >= life { Err(Unfit::Expired) } else { Ok(()) }
}

/// Does the grant serve for this start, now? The one judge, on every path.
///
/// # Errors
/// [`Unfit`].
pub fn judge(grant: &Grant, terms: &Terms<'_>, now: &Stamp) -> Result<(), Unfit> {
    judge_alive(grant, terms.epoch, now)?;
    if grant.job != *terms.job {
        return Err(Unfit::OtherJob);
    }
    if grant.digest != *terms.digest {
        return Err(Unfit::OtherPlan);
    }
    if grant.level < terms.least { Err(Unfit::LevelTooLow) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::BootId;

    const LIFE: i64 = 1_800_000;

    fn stamp(wall: i64, up: i64, boot: &str) -> Stamp {
        Stamp { wall_ms: wall, awake_ms: up, up_ms: up, boot: BootId::new(boot) }
    }

    fn grant(level: Level) -> Grant {
        Grant {
            id: GrantId::from_bits([1; 16]),
            job: JobId::new("w"),
            digest: PlanDigest::of(b"plan"),
            epoch: "e".to_owned(),
            at: stamp(1_000_000, 500_000, "b"),
            life_ms: LIFE.unsigned_abs(),
            evidence: Evidence {
                user: "u".to_owned(),
                uid: 1,
                login_uid: None,
                tty: None,
                by: None,
                through: None,
            },
            level,
        }
    }

    /// An oracle in other words than the judge's: fit exactly if every single demand is met.
    #[test]
    fn every_combination_is_judged_as_each_demand_alone_says() {
        let (job, other_job) = (JobId::new("w"), JobId::new("x"));
        let (digest, other) = (PlanDigest::of(b"plan"), PlanDigest::of(b"other"));
        let ages = [-1, 0, 1, LIFE - 1, LIFE, LIFE + 1];
        let mut fit = 0;
        for level in Level::ALL {
            let grant = grant(level);
            for least in Level::ALL {
                for (wall, up) in ages.iter().flat_map(|w| ages.iter().map(move |u| (*w, *u))) {
                    for boot in ["b", "c", ""] {
                        for (epoch, job_of, of) in [
                            ("e", &job, &digest),
                            ("f", &job, &digest),
                            ("", &job, &digest),
                            ("e", &other_job, &digest),
                            ("e", &job, &other),
                        ] {
                            let now = stamp(1_000_000 + wall, 500_000 + up, boot);
                            let terms = Terms { job: job_of, digest: of, epoch, least };
                            let within = |age: i64| (0..LIFE).contains(&age);
                            let wanted = within(wall)
                                && within(up)
                                && boot == "b"
                                && epoch == "e"
                                && *job_of == job
                                && *of == digest
                                && level >= least;
                            assert_eq!(judge(&grant, &terms, &now).is_ok(), wanted);
                            fit += usize::from(wanted);
                        }
                    }
                }
            }
        }
        assert_eq!(fit, 9 * 6, "three ages on either clock, six pairs of levels");
    }

    #[test]
    fn an_unnamed_boot_or_store_never_serves() {
        let mut grant = grant(Level::Asserted);
        grant.at.boot = BootId::unknown();
        let now = stamp(1_000_001, 500_001, "");
        assert_eq!(judge_alive(&grant, "e", &now), Err(Unfit::NoBoot));
        assert!(!Unfit::NoBoot.is_of_the_grant() && Unfit::OtherBoot.is_of_the_grant());
        let named = stamp(1_000_001, 500_001, "b");
        assert_eq!(judge_alive(&grant, "e", &named), Err(Unfit::OtherBoot));
        grant.epoch = String::new();
        assert_eq!(judge_alive(&grant, "", &now), Err(Unfit::OtherStore));
    }
}
