//! The store's tables and the marks by which a store is known.
//!
//! Invariant: a released schema is never edited; a newer one is a migration with a higher version.

/// `PRAGMA application_id` of every opsfsm store: "OFSM".
pub(super) const APPLICATION_ID: i64 = 0x4f46_534d;

/// `PRAGMA user_version` that this build reads and writes: the first one, and one more for each
/// migration.
pub(super) const VERSION: i64 = 1;

/// What makes a store of version n + 1 of one of version n, beginning with version 1. `CREATE` makes
/// a store of the newest version at once. How to add one: docs/architecture.md, "Migrations".
pub(super) const MIGRATIONS: [&str; 0] = [];

/// Oldest SQLite that may touch a store, 3.51.3: it fixes a race that could corrupt a database in
/// WAL mode (<https://www.sqlite.org/changes.html>). opsfsm uses no WAL itself, but whatever opens
/// a store must be fit to.
pub(super) const SQLITE_AT_LEAST: i32 = 3_051_003;

/// The newest version.
pub(super) const CREATE: &str = "
CREATE TABLE meta (
  key TEXT PRIMARY KEY, value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE events (
  seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, job TEXT, body TEXT NOT NULL, hash BLOB NOT NULL
) STRICT;
CREATE INDEX events_of_job ON events (job, seq);
CREATE TABLE jobs (
  id TEXT PRIMARY KEY, record TEXT NOT NULL, notes TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE queue (
  id TEXT PRIMARY KEY, item TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE requests (
  job TEXT PRIMARY KEY, request TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE grants (
  id TEXT PRIMARY KEY, record TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE spent (
  grant_id TEXT PRIMARY KEY, run TEXT NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;
CREATE TABLE marks (
  job TEXT PRIMARY KEY, marks TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE runs (
  n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, job TEXT NOT NULL,
  purpose TEXT NOT NULL, boot TEXT NOT NULL, settled INTEGER NOT NULL, run TEXT NOT NULL
) STRICT;
CREATE INDEX runs_open ON runs (settled) WHERE settled = 0;
CREATE INDEX runs_of_job ON runs (job, n);
CREATE TABLE outbox (
  n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, at_ms INTEGER NOT NULL,
  body TEXT NOT NULL, summary TEXT NOT NULL, state TEXT NOT NULL, ended_ms INTEGER,
  attempts INTEGER NOT NULL, unknowns INTEGER NOT NULL, failed_since_ms INTEGER, next_ms INTEGER NOT NULL, pinned TEXT,
  error TEXT
) STRICT;
CREATE INDEX outbox_state ON outbox (state, n);
";

/// What has to be set before a store's first table, and stays with it. Pages of twice the usual size: three
/// jobs fill one of 4 KiB, and each page that changes is four calls to write it and its journal.
pub(super) const NEW: &str = "PRAGMA page_size = 8192;";

/// Settings of every connection. EXTRA, not FULL: where a commit is the removal of a journal, FULL does
/// not sync the folder after it (<https://www.sqlite.org/pragma.html#pragma_synchronous>), so that a power
/// loss could bring the journal back and undo a commit that was acknowledged. Cache: the pages of a
/// thousand jobs; what does not fit is read again to be written, and is written with two syncs more.
pub(super) const PRAGMAS: &str = "
PRAGMA synchronous = EXTRA;
PRAGMA trusted_schema = OFF;
PRAGMA cell_size_check = ON;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -4096;
";

/// How a store commits once it is in its place: its rollback journal stays beside it, and a commit is that
/// its header is overwritten with zeros and synced
/// (<https://www.sqlite.org/pragma.html#pragma_journal_mode>). To remove the journal instead takes one to
/// three milliseconds of every tick where the file system discards the blocks that it frees.
/// Of a journal that a very large commit left, what is above the limit in bytes is cut off.
pub(super) const KEEP_JOURNAL: &str = "
PRAGMA journal_mode = PERSIST;
PRAGMA journal_size_limit = 67108864;
";
