//! Who may have the account of the split-user set-up do what: a file for `/etc/sudoers.d`.

use super::MARK;

/// The two doors. `account`: whose they are. `approvers`: the group that the second is for.
///
/// A `*` of sudo takes any words, blanks included, so a rule can only say how a call begins: all behind
/// the door's own word is judged by that door's own parser.
///
/// # Errors
/// The program's path has a sign that sudoers would read as something else.
pub fn render_sudoers(program: &str, account: &str, approvers: &str) -> Result<String, String> {
    let fit = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if !program.starts_with('/') || !program.chars().all(fit) {
        let program = program.escape_debug();
        return Err(format!(
            "sudo's rules would read a sign in the program's path as something else: {program}. Put it \
             where the path has only letters, digits, and any of / . _ - +"
        ));
    }
    Ok(format!(
        "# {MARK}\n\
         # What everybody on this host may ask of the account {account}: to look, and to ask for writes.\n\
         Cmnd_Alias OPSFSM_DOOR = {program} door *\n\
         # What the members of {approvers} may, each time with their own password.\n\
         Cmnd_Alias OPSFSM_APPROVE = {program} door-approve *\n\
         # Nothing of the caller's environment gets through, and jobs get no hold of the caller's terminal.\n\
         Defaults!OPSFSM_DOOR env_reset, !setenv, !env_keep, !env_check, umask = 0022, umask_override, use_pty\n\
         Defaults!OPSFSM_APPROVE env_reset, !setenv, !env_keep, !env_check, umask = 0022, umask_override, use_pty\n\
         Defaults!OPSFSM_APPROVE timestamp_timeout = 0\n\
         ALL ALL = ({account}) NOPASSWD: NOSETENV: OPSFSM_DOOR\n\
         %{approvers} ALL = ({account}) PASSWD: NOSETENV: OPSFSM_APPROVE\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_sudoers_would_read_otherwise_is_refused() {
        assert!(render_sudoers("/usr/local/bin/opsfsm-1.0", "o", "a").is_ok());
        for path in
            ["opsfsm", "/a b", "/a*", "/a,b", "/a:b", "/a=b", "/a\\", "/é", "/a\nALL", "/a!"]
        {
            assert!(render_sudoers(path, "o", "a").is_err(), "{path:?}");
        }
    }
}
