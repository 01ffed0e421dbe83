//! Sealed commands, and the permit that opens one.
//!
//! In: a command, and a store that spends approvals. Out: at most one [`Permit`] for each.
//! Invariant: the fields of a sealed command and of a permit are known in this file only.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::PlanDigest;
use crate::base::{GrantId, JobId, RunId};

/// A write's command in the open: before it is sealed, and after its permit was given away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteCommand {
    /// The write.
    pub job: JobId,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// The path that the plan says is executed for the program's name.
    pub program: PathBuf,
    /// The folder it runs in.
    pub cwd: PathBuf,
    /// Its whole environment.
    pub env: BTreeMap<String, String>,
    /// Its time limit; `None`: none.
    pub limit: Option<Duration>,
}

/// A write's command, closed: anyone may seal one, only [`redeem`] opens it.
#[derive(Debug)]
pub struct SealedWrite {
    run: RunId,
    digest: PlanDigest,
    command: WriteCommand,
}

impl SealedWrite {
    /// Seals the command of the plan with this digest, for this run.
    #[must_use]
    pub fn seal(run: RunId, digest: PlanDigest, command: WriteCommand) -> Self {
        Self { run, digest, command }
    }
}

/// What a store has made durable: this grant is spent, for this run of this plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The grant, unspent before.
    pub grant: GrantId,
    /// The run that it was spent for.
    pub run: RunId,
    /// The plan that it approved.
    pub digest: PlanDigest,
}

/// Spends a grant, once. Only stores implement it: a promise about a disk is theirs to give.
pub trait ConsumeOnce {
    /// A decision that spends a grant, or does not.
    type Decide<'a>: ?Sized;
    /// Why nothing can be said.
    type Error;

    /// Decides and commits in one transaction. `Some` only if a grant that was never spent before
    /// is now spent, and that is durable. `None`: the decision spent none.
    ///
    /// # Errors
    /// Whatever keeps it from being known; nothing may be started then.
    fn consume_once(&mut self, decide: &mut Self::Decide<'_>)
    -> Result<Option<Spent>, Self::Error>;
}

/// Proof that a grant was spent: made here, of what a store says that it has made durable.
struct Receipt(Spent);

/// The right to start one command, once.
///
/// The wrong uses do not compile. A sealed command shows nothing:
/// ```compile_fail,E0616
/// fn peek(sealed: &opsfsm::approval::SealedWrite) -> usize { sealed.command.argv.len() }
/// ```
/// A permit is neither copied nor made by hand, nor kept in a file:
/// ```compile_fail,E0382
/// fn twice(permit: opsfsm::approval::Permit) { drop(permit.into_command()); drop(permit.into_command()); }
/// ```
/// ```compile_fail,E0277
/// fn copied<T: Clone>() {}
/// copied::<opsfsm::approval::Permit>();
/// ```
/// ```compile_fail,E0277
/// fn made<T: Default>() {}
/// made::<opsfsm::approval::Permit>();
/// ```
/// ```compile_fail,E0277
/// fn kept<T: serde::Serialize>() {}
/// kept::<opsfsm::approval::Permit>();
/// ```
/// ```compile_fail,E0277
/// fn restored<T: serde::de::DeserializeOwned>() {}
/// restored::<opsfsm::approval::Permit>();
/// ```
/// ```compile_fail,E0451
/// fn forged(command: opsfsm::approval::WriteCommand, run: opsfsm::base::RunId) -> opsfsm::approval::Permit {
///     opsfsm::approval::Permit { run, command }
/// }
/// ```
/// ```compile_fail,E0603
/// use opsfsm::approval::permit::Receipt;
/// ```
/// What is wrong with each is that alone; the right use compiles:
/// ```
/// fn once(permit: opsfsm::approval::Permit) { drop(permit.into_command()); }
/// fn seal(run: opsfsm::base::RunId, digest: opsfsm::approval::PlanDigest, command: opsfsm::approval::WriteCommand) {
///     drop(opsfsm::approval::SealedWrite::seal(run, digest, command));
/// }
/// ```
#[derive(Debug)]
pub struct Permit {
    run: RunId,
    command: WriteCommand,
}

impl Permit {
    /// The run that it is for.
    #[must_use]
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// Gives the permit away for its command.
    #[must_use]
    pub fn into_command(self) -> WriteCommand {
        self.command
    }
}

/// Pays with a grant for the opening of a sealed command: the only way to a [`Permit`].
///
/// `None`: the decision spent no grant, or one for another run or plan, and nothing is opened.
///
/// # Errors
/// As [`ConsumeOnce::consume_once`].
pub fn redeem<S: ConsumeOnce>(
    sealed: SealedWrite,
    store: &mut S,
    decide: &mut S::Decide<'_>,
) -> Result<Option<Permit>, S::Error> {
    let spent = store.consume_once(decide)?;
    Ok(spent.map(Receipt).and_then(|receipt| open(sealed, &receipt)))
}

fn open(sealed: SealedWrite, Receipt(spent): &Receipt) -> Option<Permit> {
    let paid = spent.run == sealed.run && spent.digest == sealed.digest;
    paid.then_some(Permit { run: sealed.run, command: sealed.command })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Says(Result<Option<Spent>, ()>);

    impl ConsumeOnce for Says {
        type Decide<'a> = ();
        type Error = ();

        fn consume_once(&mut self, (): &mut ()) -> Result<Option<Spent>, ()> {
            self.0.clone()
        }
    }

    fn sealed() -> SealedWrite {
        let command = WriteCommand {
            job: JobId::new("w"),
            argv: vec!["/w".to_owned()],
            program: PathBuf::from("/w"),
            cwd: PathBuf::from("/"),
            env: BTreeMap::new(),
            limit: None,
        };
        SealedWrite::seal(RunId::from_bits([1; 16]), PlanDigest::of(b"plan"), command)
    }

    fn spent(run: u8, plan: &[u8]) -> Spent {
        Spent {
            grant: GrantId::from_bits([7; 16]),
            run: RunId::from_bits([run; 16]),
            digest: PlanDigest::of(plan),
        }
    }

    #[test]
    fn only_a_grant_spent_for_this_run_of_this_plan_opens_the_seal() {
        let redeemed = |says| redeem(sealed(), &mut Says(says), &mut ());
        assert!(matches!(redeemed(Ok(Some(spent(1, b"plan")))), Ok(Some(_))));
        for unpaid in [None, Some(spent(2, b"plan")), Some(spent(1, b"other"))] {
            assert!(matches!(redeemed(Ok(unpaid)), Ok(None)));
        }
        assert!(redeemed(Err(())).is_err());
    }
}
