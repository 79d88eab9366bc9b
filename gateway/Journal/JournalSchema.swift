import GRDB

/// The tables of the journal's file, as numbered migrations. A migration that was released is never edited.
enum JournalSchema {
  /// Brings an older file up to date; a file from a newer version is refused by `Journal.init`.
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("0001_journal") { db in
      // AUTOINCREMENT: an id is never given twice, even after the newest rows were deleted; cursors depend on it.
      try db.execute(
        sql: """
          CREATE TABLE entry (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            device TEXT NOT NULL,
            boot INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            timestamp INTEGER NOT NULL,
            time_source INTEGER NOT NULL,
            received INTEGER NOT NULL,
            profile INTEGER NOT NULL,
            bytes BLOB NOT NULL,
            UNIQUE (device, boot, seq)
          ) STRICT;
          -- The last entries of one device: boot and seq do not say which came last (random boots, version 1).
          CREATE INDEX entry_device ON entry (device, id);

          CREATE TABLE dead_letter (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            received INTEGER NOT NULL,
            topic TEXT NOT NULL,
            reason TEXT NOT NULL,
            detail TEXT NOT NULL,
            bytes BLOB NOT NULL,
            length INTEGER NOT NULL
          ) STRICT;

          CREATE TABLE boot_offset (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            device TEXT NOT NULL,
            boot INTEGER NOT NULL,
            epoch INTEGER NOT NULL,
            UNIQUE (device, boot)
          ) STRICT;

          CREATE TABLE sink_cursor (sink TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;

          CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
          INSERT INTO meta VALUES ('journal', lower(hex(randomblob(16))));
          """)
    }
    migrator.registerMigration("0002_ledger") { db in
      try db.execute(
        sql: """
          CREATE TABLE ledger_boot (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            device TEXT NOT NULL,
            boot INTEGER NOT NULL,
            first INTEGER NOT NULL,
            next INTEGER NOT NULL,
            UNIQUE (device, boot)
          ) STRICT;
          INSERT INTO ledger_boot (device, boot, first, next)
            SELECT device, boot, min(seq), max(seq) + 1 FROM entry WHERE boot >= 0 GROUP BY device, boot;

          CREATE TABLE reading_gap (
            device TEXT NOT NULL,
            boot INTEGER NOT NULL,
            seq_from INTEGER NOT NULL,
            seq_to INTEGER NOT NULL,
            detected INTEGER NOT NULL,
            closed INTEGER,
            outcome INTEGER NOT NULL,
            reason TEXT,
            revision INTEGER NOT NULL,
            PRIMARY KEY (device, boot, seq_from)
          ) STRICT, WITHOUT ROWID;
          CREATE INDEX reading_gap_revision ON reading_gap (revision);
          """)
    }
    migrator.registerMigration("0003_sessions") { db in
      try db.execute(
        sql: """
          CREATE TABLE session (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            first INTEGER NOT NULL
          ) STRICT;
          """)
    }
    migrator.registerMigration("0004_one_index_less") { db in
      // A third of an insert, for a question that is asked at the start only: `latest` does without.
      try db.execute(sql: "DROP INDEX entry_device")
    }
    migrator.registerMigration("0005_relayed") { db in
      try db.execute(sql: "ALTER TABLE entry ADD COLUMN via TEXT")
    }
    return migrator
  }
}
