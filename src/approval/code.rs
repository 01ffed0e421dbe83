//! One-time codes: sent to a person's own chat, typed back, or told to whoever may pass it on.
//!
//! In: random bits, a plan's digest, the present. Out: a [`Code`] to send and a [`CodeRecord`] to
//! keep; later, whether what was typed is that code.
//! Invariant: a code is never stored and never shown but in the message that carries it; its record
//! holds a salted slow hash, bound to the digest.

use std::fmt;
use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};

use super::PlanDigest;
use crate::base::id::hex;
use crate::base::{Stamp, limits};

/// Letters and digits that nobody takes for one another.
const LETTERS: &[u8; 31] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";
/// How many make a code: 39 bits, of which five can be tried.
const LENGTH: usize = 8;
/// Memory of the slow hash, in KiB, and its rounds: the first choice of OWASP's password storage
/// sheet for Argon2id.
const COST: (u32, u32) = (19 * 1024, 2);

/// A one-time code. It prints as stars.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    /// A code from random bits; `None` where too few of them can be used, which is as rare as it
    /// can be.
    #[must_use]
    pub fn from_bits(bits: &[u8; 32]) -> Option<Self> {
        // Bytes from here on would make the first letters more frequent than the others.
        let fair = u8::MAX - u8::MAX % 31;
        let letters = bits.iter().filter(|bit| **bit < fair);
        let letters = letters.filter_map(|bit| LETTERS.get(usize::from(bit % 31)));
        let text: String = letters.take(LENGTH).map(|letter| char::from(*letter)).collect();
        (text.len() == LENGTH).then_some(Self(text))
    }

    /// What a person typed; `None` if it can't be a code.
    #[must_use]
    pub fn typed(text: &str) -> Option<Self> {
        let text: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .take(LENGTH + 1)
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let fits = text.len() == LENGTH && text.bytes().all(|b| LETTERS.contains(&b));
        fits.then_some(Self(text))
    }

    /// As it is sent: two groups of four. For the message to the person, and nothing else.
    #[must_use]
    pub fn spelled_out(&self) -> String {
        let (first, second) = self.0.split_at(LENGTH / 2);
        format!("{first}-{second}")
    }

    /// Its hash, with this salt, for this plan. Takes about 30 ms, on purpose.
    #[must_use]
    pub fn hash(&self, salt: &str, digest: &PlanDigest) -> Option<String> {
        let params = Params::new(COST.0, COST.1, 1, None).ok()?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let salt = format!("{salt}{}", digest.as_str());
        let mut out = [0; 32];
        argon2.hash_password_into(self.0.as_bytes(), salt.as_bytes(), &mut out).ok()?;
        Some(hex(&out))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(****-****)")
    }
}

/// What is kept of a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeRecord {
    /// The plan that it approves.
    pub digest: PlanDigest,
    /// Its salt.
    pub salt: String,
    /// Its hash.
    pub hash: String,
    /// Where it was sent, in words.
    pub sent_to: String,
    /// When it was made.
    pub at: Stamp,
    /// How often a wrong one was typed.
    #[serde(default)]
    pub misses: u32,
}

/// A code as whoever decides may see it: hashed with a salt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedCode {
    /// That salt.
    pub salt: String,
    /// The hash of what was typed.
    pub hash: String,
}

/// Why a code does not serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeUnfit {
    /// Its time is over, or a clock says that it may be.
    #[error("the code is older than {} minutes", limits::CODE_LIFE.as_secs() / 60)]
    Expired,
    /// It was mistyped too often.
    #[error("a wrong code was typed {} times", limits::CODE_TRIES)]
    UsedUp,
    /// It is for another plan.
    #[error("the code is for another plan than what would run now")]
    OtherPlan,
    /// It is another one.
    #[error("the code is wrong")]
    Wrong,
}

impl CodeRecord {
    /// Can it still be used, for this plan, now?
    ///
    /// # Errors
    /// [`CodeUnfit`].
    pub fn judge(&self, digest: &PlanDigest, now: &Stamp) -> Result<(), CodeUnfit> {
        if !self.is_live(now) {
            return Err(CodeUnfit::Expired);
        }
        if self.misses >= limits::CODE_TRIES {
            return Err(CodeUnfit::UsedUp);
        }
        if self.digest == *digest { Ok(()) } else { Err(CodeUnfit::OtherPlan) }
    }

    /// Is its time not over yet? In another boot, and after a clock went back, it is.
    #[must_use]
    pub fn is_live(&self, now: &Stamp) -> bool {
        let same_boot = self.at.boot == now.boot && !now.boot.as_str().is_empty();
        let forward = now.wall_ms >= self.at.wall_ms && now.up_ms >= self.at.up_ms;
        let age = |now: i64, then: i64| Duration::from_millis(now.abs_diff(then));
        let age = age(now.wall_ms, self.at.wall_ms).max(age(now.up_ms, self.at.up_ms));
        same_boot && forward && age < limits::CODE_LIFE
    }

    /// A wrong one was typed.
    pub fn miss(&mut self) {
        self.misses = self.misses.saturating_add(1);
    }

    /// Is this the hash of the code? Takes as long whatever it is.
    #[must_use]
    pub fn matches(&self, hash: &str) -> bool {
        let same = self.hash.len() == hash.len();
        let pairs = self.hash.bytes().zip(hash.bytes());
        pairs.fold(u8::from(!same), |differs, (a, b)| differs | (a ^ b)) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::BootId;

    fn at(minutes: i64) -> Stamp {
        let ms = 1_790_000_000_000 + minutes * 60_000;
        Stamp { wall_ms: ms, awake_ms: ms, up_ms: ms, boot: BootId::new("b") }
    }

    fn digest() -> PlanDigest {
        PlanDigest::of(b"a plan")
    }

    fn record() -> CodeRecord {
        let code = Code::from_bits(&[7; 32]).unwrap();
        let hash = code.hash("salt-salt", &digest()).unwrap();
        CodeRecord {
            digest: digest(),
            salt: "salt-salt".to_owned(),
            hash,
            sent_to: "chat 7".to_owned(),
            at: at(0),
            misses: 0,
        }
    }

    #[test]
    fn a_code_is_of_unmistakable_letters_each_as_likely_as_the_others() {
        let mut seen = [0_u32; 31];
        for bit in 0..=u8::MAX {
            if let Some(code) = Code::from_bits(&[bit; 32]) {
                let first = code.0.as_bytes()[0];
                seen[LETTERS.iter().position(|l| *l == first).unwrap()] += 1;
            } else {
                assert!(bit >= 248);
            }
        }
        assert!(seen.iter().all(|n| *n == 8), "{seen:?}");
        assert!(!LETTERS.iter().any(|l| b"ILO01".contains(l)));
    }

    #[test]
    fn a_code_is_read_as_people_type_it_and_shown_to_nobody() {
        let code = Code::from_bits(&[7; 32]).unwrap();
        let spelled = code.spelled_out();
        assert_eq!((spelled.len(), &spelled[4..5]), (9, "-"));
        for typed in
            [spelled.clone(), spelled.to_lowercase(), format!(" {} ", spelled.replace('-', " "))]
        {
            assert_eq!(Code::typed(&typed), Some(code.clone()));
        }
        for wrong in ["", "ABCD", "ABCD-EFGHJ", "ABCD-EFG0", "ÄBCD-EFGH", &"A".repeat(1_000_000)] {
            assert_eq!(Code::typed(wrong), None);
        }
        assert_eq!(format!("{code:?}"), "Code(****-****)");
    }

    #[test]
    fn a_hash_is_of_this_code_this_salt_and_this_plan() {
        let code = Code::from_bits(&[7; 32]).unwrap();
        let other = Code::from_bits(&[8; 32]).unwrap();
        let record = record();
        let matches = |code: &Code, salt: &str, digest: &PlanDigest| {
            record.matches(&code.hash(salt, digest).unwrap())
        };
        assert!(matches(&code, "salt-salt", &digest()));
        assert!(!matches(&other, "salt-salt", &digest()));
        assert!(!matches(&code, "salt-tlas", &digest()));
        assert!(!matches(&code, "salt-salt", &PlanDigest::of(b"another")));
        assert!(!record.matches("") && !record.matches(&record.hash[1..]));
        // With these parameters and no others: a code that was sent has to serve after an update.
        expect_test::expect!["bdb8c86051b657125aad255d68ae4e3edc8ee006102e053e36fd49aee59998dc"]
            .assert_eq(&record.hash);
    }

    #[test]
    fn a_code_serves_for_its_plan_and_its_time_by_every_clock() {
        let fresh = record();
        assert_eq!(fresh.judge(&digest(), &at(0)), Ok(()));
        assert_eq!(fresh.judge(&digest(), &at(14)), Ok(()));
        assert_eq!(fresh.judge(&digest(), &at(15)), Err(CodeUnfit::Expired));
        assert_eq!(fresh.judge(&digest(), &at(-1)), Err(CodeUnfit::Expired));
        let by_one_clock = [
            Stamp { wall_ms: at(15).wall_ms, ..at(1) },
            Stamp { up_ms: at(15).up_ms, ..at(1) },
            Stamp { boot: BootId::new("c"), ..at(1) },
        ];
        let behind = [
            Stamp { wall_ms: at(0).wall_ms - 1, ..at(1) },
            Stamp { up_ms: at(0).up_ms - 1, ..at(1) },
        ];
        for now in by_one_clock.into_iter().chain(behind) {
            assert_eq!(fresh.judge(&digest(), &now), Err(CodeUnfit::Expired));
        }
        let nameless = CodeRecord { at: Stamp { boot: BootId::new(""), ..at(0) }, ..record() };
        let now = Stamp { boot: BootId::new(""), ..at(1) };
        assert_eq!(nameless.judge(&digest(), &now), Err(CodeUnfit::Expired));
        let mut tried = record();
        for _ in 0..limits::CODE_TRIES {
            assert_eq!(tried.judge(&digest(), &at(1)), Ok(()));
            tried.miss();
        }
        assert_eq!(tried.judge(&digest(), &at(1)), Err(CodeUnfit::UsedUp));
        let plan = PlanDigest::of(b"another");
        assert_eq!(fresh.judge(&plan, &at(1)), Err(CodeUnfit::OtherPlan));
    }
}
