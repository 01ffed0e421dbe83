//! What the journal knows of writes: approvals and their fate, requests, and the cycle of a write
//! from its approval to its verification.
//!
//! Invariant: fields are public to read; only the fold writes them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::origin::Origin;
use crate::approval::{CodeRecord, Evidence, Grant, PlanDigest, Unfit};
use crate::base::{GrantId, RunId, Stamp};
use crate::model::{Plan, ProcessId, SandboxFate};

/// An approval and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantRecord {
    /// As it was given.
    pub grant: Grant,
    /// What became of it.
    pub fate: GrantFate,
}

/// What became of an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fate", rename_all = "snake_case")]
pub enum GrantFate {
    /// Nothing yet.
    Live,
    /// It let this run begin.
    Spent {
        /// That run.
        run: RunId,
    },
    /// It serves no more.
    Void {
        /// Why.
        why: Voided,
        /// What about it, in words.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        detail: Option<String>,
        /// Since when.
        at: Stamp,
    },
}

/// Why an approval serves no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Voided {
    /// A person took it back.
    Revoked,
    /// A newer one took its place.
    Replaced,
    /// It was judged unfit.
    Unfit(Unfit),
}

impl Voided {
    /// In words.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Revoked => "the approval was taken back".to_owned(),
            Self::Replaced => "a newer approval took its place".to_owned(),
            Self::Unfit(unfit) => unfit.to_string(),
        }
    }

    /// In words, with what was found about it.
    #[must_use]
    pub fn words_with(self, detail: Option<&str>) -> String {
        match detail {
            Some(detail) => format!("{}: {detail}", self.words()),
            None => self.words(),
        }
    }
}

/// A write that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// When.
    pub at: Stamp,
    /// By whom.
    pub origin: Origin,
    /// The plan that was meant, where the asker made one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub digest: Option<PlanDigest>,
    /// Why, in the asker's words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// What a person said to it.
    #[serde(default)]
    pub answer: Answer,
    /// The one-time code that was sent for it, and was not used yet.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<CodeRecord>,
}

/// What a person said to a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "said", rename_all = "snake_case")]
pub enum Answer {
    /// Nothing yet.
    #[default]
    Pending,
    /// Yes, by this approval.
    Approved {
        /// That approval.
        grant: GrantId,
    },
    /// No.
    Denied {
        /// When.
        at: Stamp,
        /// Who.
        evidence: Evidence,
        /// Why.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<String>,
    },
}

/// A write from its approval until it is verified, failed, or blocked again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteCycle {
    /// The approval that it stands on.
    pub grant: GrantId,
    /// The plan that was approved.
    pub plan: Box<Plan>,
    /// The run that spent the approval.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub run: Option<RunId>,
    /// The process that the write became, the leader of its group.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub process: Option<ProcessId>,
    /// Its verification, once that is queued.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verification: Option<Verification>,
}

/// How far the verification of a write is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Which round: a person may ask for another.
    pub round: u32,
    /// Queued then.
    pub since: Stamp,
    /// Its deadline counts from then, where an earlier round's still runs; else from `since`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub timed_from: Option<Stamp>,
    /// Those of the plan that have passed, by their place in it.
    pub passed: BTreeSet<usize>,
    /// One of them was to run in a sandbox, and this system has none.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub unsandboxed: bool,
}

impl Verification {
    /// One check of the round has ended.
    pub(super) fn note(&mut self, index: usize, passed: bool, sandbox: Option<SandboxFate>) {
        self.unsandboxed |= sandbox == Some(SandboxFate::Unavailable);
        if passed {
            self.passed.insert(index);
        }
    }
}
