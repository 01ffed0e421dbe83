//! Every bound that opsfsm puts on a file, a child, a queue or a wait, by name.
//!
//! A limit that a user can set has its default here and says which key sets it.

use std::time::Duration;

/// Most jobs of one cycle that a finding names.
pub const CYCLE_SHOWN: usize = 64;
/// Largest file among a write's arguments that a plan hashes by itself.
pub const PLAN_FILE_BYTES: u64 = 16 << 20;
/// Largest program, interpreter or `inputs` file that a plan hashes.
pub const PLAN_PROGRAM_BYTES: u64 = 4 << 30;
/// Most of a script's first line that is read for its `#!`.
pub const SHEBANG_BYTES: u64 = 4 << 10;
/// Links that are followed to where a file would be that is not there yet (as the kernel does).
pub const PLAN_LINKS: usize = 40;
/// `#!` lines that are followed: a script whose interpreter is a script.
pub const INTERPRETERS: usize = 8;
/// An argument or variable is shorter than this, or no command can be started with it (Linux).
pub const ARGUMENT_BYTES: usize = 128 << 10;
/// Largest config file read. Ten thousand jobs take about 4 MB.
pub const CONFIG_BYTES: u64 = 32 << 20;
/// Most findings kept for one file; the rest are counted.
pub const FINDINGS_PER_FILE: usize = 200;
/// Most findings that `check` shows people; the rest are counted.
pub const FINDINGS_SHOWN: usize = 100;
/// Annotations that GitHub takes of one step, of each kind.
pub const ANNOTATIONS: usize = 10;
/// A line of a config is shown around the place that is meant, so many characters to each side.
pub const LINE_AROUND: usize = 60;
/// Most characters of a line that are marked.
pub const LINE_MARKED: usize = 100;
/// No excerpt of a line, with its number before it, is as long as so many columns.
pub const LINE_WHOLE: usize = 1000;
/// So many bytes around a shown piece of a line are searched for secrets that reach into it.
pub const SECRET_NEAR: usize = 512;
/// Two places that are further apart than so many lines are shown one after the other.
pub const LINES_APART: usize = 1000;
/// Most findings that `check` tells; the rest are counted.
pub const FINDINGS_TOLD: usize = 2_000;
/// Ids that are looked at for those that dangling links may mean, all links together.
pub const GUESSES: usize = 500_000;
/// Links that the search for cycles goes along, all searches together, before it ends with the
/// cycle that it is at.
pub const CYCLE_STEPS: usize = 2_000_000;
/// Links that the search for jobs that are started twice goes along, all jobs together.
pub const TWICE_STEPS: usize = 1_000_000;
/// Most syntax errors shown for one file.
pub const SYNTAX_ERRORS_PER_FILE: usize = 20;
/// Most of a status command's stdout kept: a longer one is malformed.
pub const STATUS_BYTES: usize = 256 << 10;
/// Most of each output stream of a start, stop or run command kept (its end).
pub const TAIL_BYTES: usize = 4 << 10;
/// A kept log of a start command is cut to its end at the next start beyond this size.
pub const LOG_BYTES: u64 = 1 << 20;
/// Most progress fields shown in a report (as in ops-monitor v1).
pub const PROGRESS_FIELDS: usize = 6;
/// Most of the end of such a log that is shown.
pub const LOG_SHOWN: u64 = 256 << 10;
/// Most ends of runs in the journal that `logs` looks at.
pub const ENDS_LOOKED_AT: u32 = 200;
/// Longest piece of job-supplied text (message, cause, progress value) kept in state or shown.
pub const TEXT_CHARS: usize = 400;
/// Most bytes of a job's progress key kept; a longer one is replaced by its hash.
pub const PROGRESS_KEY_BYTES: usize = 256;
/// Most settled queue items kept (as in ops-monitor v1).
pub const QUEUE_KEPT: usize = 200;
/// Most pending queue items; further ones are refused and reported.
pub const QUEUE_PENDING: usize = 10_000;
/// Most start runs remembered for one job, as proof for `stop`.
pub const RUNS_KEPT_PER_JOB: usize = 20;
/// Most starts and runs launched by one tick; what is left waits for the next.
pub const LAUNCHES_PER_TICK: usize = 64;
/// Most that is kept of what quiet hours hold back of one job; of more only the number.
pub const HELD_KEPT: usize = 20;
/// Events older than so many days are pruned (`history.keepDays`).
pub const HISTORY_DAYS: u32 = 400;
/// Of more events than so many the oldest are pruned (`history.keepEvents`).
pub const HISTORY_EVENTS: u32 = 200_000;
/// The least that this may be set to.
pub const HISTORY_EVENTS_LEAST: u32 = 1000;
/// So many of a job's last events `explain` looks through for what moved it, before it searches.
pub const EXPLAINED_EVENTS: u32 = 100;
/// So many of the newest events stay, however old they are.
pub const HISTORY_STAYS: u64 = 100;
/// Events are pruned when so many are due, or one for each job: reading the state that they led to
/// and writing it anew costs the more the more jobs there are.
pub const PRUNE_LEAST: u64 = 64;
/// So many times that are pruned at once where more are due.
pub const PRUNE_FASTER: u64 = 2;
/// Most delivered reports kept in the outbox.
pub const REPORTS_KEPT: usize = 500;
/// Most reports that wait to be sent; the oldest beyond that are given up, which is told.
pub const REPORTS_WAITING: usize = 1000;
/// Longest message, in UTF-16 code units: the Bot API's limit of a text
/// (<https://core.telegram.org/bots/api#sendmessage>).
pub const MESSAGE_UNITS: usize = 4096;
/// First pause after a delivery that failed; it doubles.
pub const DELIVER_PAUSE_MIN: Duration = Duration::from_secs(30);
/// The longest pause that opsfsm takes by itself.
pub const DELIVER_PAUSE_MAX: Duration = Duration::from_mins(5);
/// The longest pause that the other side may ask for.
pub const DELIVER_AFTER_MAX: Duration = Duration::from_hours(24);
/// A report that has failed for this long is given up …
pub const DELIVER_PATIENCE: Duration = Duration::from_hours(72);
/// … if it was tried this often.
pub const DELIVER_ATTEMPTS: u32 = 20;
/// A report that may have arrived is sent so often in all.
pub const DELIVER_UNKNOWNS: u32 = 3;
/// No delivery begins after this much of one round.
pub const DELIVER_WITHIN: Duration = Duration::from_secs(15);
/// One delivery, from its connection to its answer.
pub const DELIVER_TIMEOUT: Duration = Duration::from_secs(10);
/// The same of the program `openclaw`, which takes its time to start.
pub const OPENCLAW_TIMEOUT: Duration = Duration::from_secs(25);
/// How long `run --report` waits for another process that delivers: a tick may be at work.
pub const OUTBOX_PATIENCE: Duration = Duration::from_mins(1);
/// How often it looks meanwhile.
pub const OUTBOX_RETRY: Duration = Duration::from_millis(50);
/// Most of an answer that is read.
pub const ANSWER_BYTES: u64 = 64 * 1024;

/// One ping of `report.deadman.url`.
pub const DEADMAN_TIMEOUT: Duration = Duration::from_secs(5);
/// Most pieces that a message is cut into when the other side calls it too long.
pub const MESSAGE_PIECES: usize = 16;
/// Largest file of OpenClaw's config that is read.
pub const OPENCLAW_BYTES: u64 = 2 << 20;
/// How deep files of OpenClaw's config may include each other.
pub const OPENCLAW_INCLUDES_DEEP: usize = 10;
/// Most files that it may include in all.
pub const OPENCLAW_INCLUDES: usize = 64;
/// How deep OpenClaw's config may be nested, all its files together.
pub const OPENCLAW_DEPTH: usize = 256;
/// Largest file that a token is read from.
pub const TOKEN_BYTES: u64 = 4 << 10;

/// Time limit of a `status` command (`statusTimeoutSeconds`).
pub const STATUS_TIMEOUT: Duration = Duration::from_secs(30);
/// Time limit of a `start` or `stop` command (`timeoutSeconds`).
pub const START_TIMEOUT: Duration = Duration::from_mins(1);
/// Time limit of a `run` command of a one_shot_read (`timeoutSeconds`).
pub const RUN_TIMEOUT: Duration = Duration::from_mins(5);
/// A tick ends within this time (`tickLimitSeconds`).
pub const TICK_LIMIT: Duration = Duration::from_secs(50);
/// What a tick keeps back for its commits, out of its limit.
pub const TICK_RESERVE: Duration = Duration::from_secs(5);
/// How long a tick waits for its executors, however late it is: for most runs that is enough. The
/// reserve is for children that do not end at once, and for this.
pub const LAUNCH_WAIT_MIN: Duration = Duration::from_secs(1);
/// From SIGTERM to SIGKILL of a child's process group.
pub const KILL_GRACE: Duration = Duration::from_secs(2);
/// From SIGKILL to giving a child up as unkillable.
pub const REAP_GRACE: Duration = Duration::from_secs(2);
/// How long a pipe that a descendant still holds is read after its child has exited.
pub const LEAK_GRACE: Duration = Duration::from_millis(200);
/// Most children in flight at once; fewer where the soft limit of open files is low.
pub const CHILDREN: usize = 256;
/// Open files kept back from children for opsfsm itself.
pub const FILES_KEPT: usize = 64;
/// Open files a child in flight takes: its exit, its stdout, its stderr.
pub const FILES_PER_CHILD: usize = 3;
/// While a config of at least so many bytes is read, another thread loads the store.
pub const CONFIG_LARGE: u64 = 64 << 10;
/// From so many status files on they are read in several threads.
pub const FILES_SHARED: usize = 128;
/// Most threads that start children, whatever the number of cores: starting is the child's work.
pub const SPAWNERS: usize = 4;
/// A child younger than this counts as newborn.
pub const NEWBORN: Duration = Duration::from_micros(500);
/// Most newborn children a spawning thread has while it starts more.
pub const NEWBORNS: usize = 2;
/// Pipes of a child younger than this are left alone: most children end within it, and one
/// wake-up then brings end and output. A fuller pipe just waits.
pub const QUIET: Duration = Duration::from_millis(2);
/// How long a child without a time limit waits for files, processes or memory to become free.
pub const SPAWN_WAIT: Duration = Duration::from_secs(30);
/// First wait before a start that lacked files, processes or memory is tried again; it doubles.
pub const SPAWN_RETRY_MIN: Duration = Duration::from_millis(1);
/// Longest such wait.
pub const SPAWN_RETRY_MAX: Duration = Duration::from_millis(50);
/// Most bytes read from one stream before the other children get their turn.
pub const READ_TURN: usize = 256 << 10;
/// How often a child's exit is looked for where the system can't tell of it.
pub const EXIT_POLL: Duration = Duration::from_millis(20);
/// Most of a log's new text searched for attention words (its end).
pub const LOG_SCAN: u64 = 64 << 20;
/// Most of another process's environment read for the mark of its run.
pub const ENVIRON_BYTES: u64 = 8 << 20;
/// Where no process can be proved dead, a run this long past its limit counts as lost.
pub const UNPROVED_PATIENCE: Duration = Duration::from_mins(5);
/// How often an environment that reads as empty is read, since an exec may be under way.
pub const ENVIRON_TRIES: usize = 5;
/// The wait between two such readings.
pub const ENVIRON_PAUSE: Duration = Duration::from_millis(2);
/// How long a store operation waits for another process's transaction.
pub const STORE_BUSY: Duration = Duration::from_secs(5);
/// How often `history --verify` begins anew because the journal went on meanwhile.
pub const VERIFY_TRIES: usize = 20;
/// How long the end of a command that has run is tried to be recorded, and the beginning of one while
/// the store is held.
pub const RECORD_PATIENCE: Duration = Duration::from_secs(30);
/// First wait before that is tried again; it doubles.
pub const RECORD_RETRY_MIN: Duration = Duration::from_millis(100);
/// Longest such wait.
pub const RECORD_RETRY_MAX: Duration = Duration::from_secs(2);

/// `seen_stopped` is no input for this long after a start (`startGraceSeconds`).
pub const START_GRACE: Duration = Duration::from_mins(1);
/// A job without progress for this long is stalled (`stallSeconds`).
pub const STALL: Duration = Duration::from_hours(1);
/// Shortest time between two routine reports of a job (`reportEverySeconds`).
pub const REPORT_EVERY: Duration = Duration::from_mins(30);
/// Base of the resume back-off (`autoResumeBackoffSeconds`).
pub const RESUME_BACKOFF: Duration = Duration::from_mins(15);
/// The back-off doubles up to this many times its base.
pub const BACKOFF_CAP: u32 = 8;
/// How long a verification has to pass, from when it is due (`verifyWithinSeconds`).
pub const VERIFY_WITHIN: Duration = Duration::from_hours(1);
/// Less than that is warned about: two ticks of a minute may be so far apart.
pub const VERIFY_WITHIN_HASTY: Duration = Duration::from_mins(2);
/// How long an approval lives (`approve --expires`).
pub const GRANT_LIFE: Duration = Duration::from_mins(30);
/// The longest that it may be given.
pub const GRANT_LIFE_MAX: Duration = Duration::from_hours(24);
/// How long a one-time code serves.
pub const CODE_LIFE: Duration = Duration::from_mins(15);
/// How often it may be mistyped.
pub const CODE_TRIES: u32 = 5;
/// Most settled approvals kept to be listed; that one is spent is remembered for longer than it
/// could serve.
pub const GRANTS_KEPT: usize = 200;
/// How long an executor waits for the lock of its write, which others may be looking at.
pub const FLIGHT_PATIENCE: Duration = Duration::from_secs(2);
/// How often it tries meanwhile.
pub const FLIGHT_RETRY: Duration = Duration::from_millis(20);
/// Shortest `everySeconds` of a one_shot_read.
pub const EVERY_MIN: Duration = Duration::from_mins(1);
/// An unchanged anomaly is told again after this, or `reportEverySeconds` if that is longer.
pub const ANOMALY_REPEAT: Duration = Duration::from_mins(15);
/// A job that still runs this long after `stop` is an anomaly.
pub const STOPPING: Duration = Duration::from_mins(10);
/// What waits for a person (a write that is unverified or unknown, a request) is told again after
/// this, and so is a time zone that can't be used.
pub const REMIND_EVERY: Duration = Duration::from_hours(24);
/// A broken config, or a clock that can't be trusted, is told at most once in this time.
pub const ALERT_EVERY: Duration = Duration::from_hours(1);
/// Most that a simulation does: jobs times ticks.
pub const SIMULATED_STEPS: u64 = 1_000_000;
/// Most messages that a simulation prints.
pub const SIMULATED_MESSAGES: usize = 20_000;
/// Longest time that is simulated: ten years.
pub const SIMULATED_SPAN: Duration = Duration::from_hours(87_660);
/// Most events of a journal that a simulation replays, the newest.
pub const SIMULATED_EVENTS: u32 = 500_000;
/// How long a simulated job works until it completes, where nothing says so.
pub const SIMULATED_WORK: Duration = Duration::from_hours(6);
/// Most things that may be said to happen to one simulated job, of each kind.
pub const SIMULATED_SPELLS: usize = 1000;
/// Wall and monotonic clock may drift apart by this much between two ticks.
pub const CLOCK_DRIFT: Duration = Duration::from_mins(1);
/// So many of the last times between two ticks are kept: their median is how often a tick comes.
pub const GAPS_KEPT: usize = 15;
/// Fewer say nothing of that.
pub const GAPS_LEAST: usize = 3;
/// Ticks closer together than this are somebody's by hand, and say nothing of it either.
pub const GAP_COUNTED: Duration = Duration::from_secs(5);
/// A tick comes no oftener than this, as far as one that is late is concerned.
pub const GAP_PERIOD_MIN: Duration = Duration::from_mins(1);
/// A tick that comes after more than so many periods says that it is late.
pub const GAP_PERIODS: u32 = 3;
/// A wall clock before this (2020-01-01 UTC, in ms) was never set.
pub const CLOCK_FLOOR_MS: i64 = 1_577_836_800_000;
/// Longest span a config may name: a hundred years, far from any overflow.
pub const SPAN_MAX: Duration = Duration::from_hours(878_400);
/// Most events that a page looks at, the newest.
pub const EVENTS_SHOWN: u32 = 20_000;
/// Most jobs whose chains are drawn on a page.
pub const CHAIN_JOBS_SHOWN: usize = 150;
/// How far back the timeline of a page goes, if nobody says otherwise.
pub const TIMELINE: Duration = Duration::from_hours(168);
/// Most events that the live view looks at at each refresh.
pub const EVENTS_WATCHED: u32 = 4000;
/// Shortest time between two refreshes of the live view, and the longest.
pub const WATCH_EVERY_MIN: Duration = Duration::from_secs(1);
/// See there.
pub const WATCH_EVERY_MAX: Duration = Duration::from_hours(1);
/// Most points that are kept of how a job went on: half as many, evenly spread, make a plot.
pub const TRAIL_POINTS: usize = 40;
/// The rest of a key's sequence comes within this time, or the key was Esc.
pub const KEY_REST: Duration = Duration::from_millis(50);
