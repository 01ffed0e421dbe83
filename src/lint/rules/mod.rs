//! The registry: every rule, in the order of its code.
//!
//! Invariant: a code has one rule at most, and each rule has a file of its own.

mod chain_to_write;
mod code_without_chat;
mod dead_link;
mod disabled_verification;
mod empty_quiet_hours;
mod endless_resume;
mod hasty_stall;
mod hidden_command;
mod program_not_found;
mod read_in_write;
mod read_with_write_risk;
mod relative_path;
mod repeated_link;
mod resume_storm;
mod resume_without_pid;
pub(super) mod secret_in_config;
mod shell_text;
mod slow_status;
mod started_twice;
mod unfit_program;
mod unreached_job;
mod unsafe_resume;
mod unverified_failure;
mod writable_by_others;
mod write_after_failure;
mod write_in_read;
mod write_in_status;

use super::Rule;

/// Every rule.
pub const RULES: &[Rule] = &[
    disabled_verification::RULE,
    unverified_failure::RULE,
    chain_to_write::RULE,
    unreached_job::RULE,
    started_twice::RULE,
    write_after_failure::RULE,
    repeated_link::RULE,
    dead_link::RULE,
    unsafe_resume::RULE,
    read_with_write_risk::RULE,
    write_in_read::RULE,
    read_in_write::RULE,
    write_in_status::RULE,
    resume_storm::RULE,
    endless_resume::RULE,
    empty_quiet_hours::RULE,
    slow_status::RULE,
    hasty_stall::RULE,
    resume_without_pid::RULE,
    program_not_found::RULE,
    relative_path::RULE,
    shell_text::RULE,
    hidden_command::RULE,
    unfit_program::RULE,
    secret_in_config::RULE,
    writable_by_others::RULE,
    code_without_chat::RULE,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_stand_in_the_order_of_their_codes_and_none_stops_a_tick() {
        assert!(RULES.is_sorted_by(|a, b| a.code < b.code));
        assert!(RULES.iter().all(|rule| !rule.code.stops_everything()));
    }
}
