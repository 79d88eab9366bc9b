/// What keeps a reading from being lost or doubled, each of which can be taken out to see the simulation notice.
enum Guard: String, CaseIterable {
  /// The broker gets no PUBACK before the commit (eclipse-mosquitto issue 2884 is what happens without).
  case pubackAfterCommit = "puback-after-commit"
  /// `commit` returns when the batch is durable, not before.
  case durableCommit = "durable-commit"
  /// The database's unique key.
  case uniqueKey = "unique-key"
  /// The cursor moves in the transaction that brings the rows.
  case cursorInTransaction = "cursor-in-transaction"
  /// The beginning of a boot is kept, so that a redelivery gets the same time.
  case keptBootOffset = "kept-boot-offset"
  /// What a sink has not got stays in the journal.
  case keptUntilDelivered = "kept-until-delivered"
}

/// The moments between two steps at which the gateway may die.
enum Step: String, CaseIterable {
  case beforeRead = "before a message is read"
  case beforeCommit = "before a commit"
  case afterCommit = "after a commit, before any acknowledgement"
  case beforePacket = "between two packets that are sent"
  case beforeRows = "before a delivery"
  case beforeDatabaseCommit = "after COPY, before COMMIT"
  case afterDatabaseCommit = "after COMMIT, before the journal hears of it"
  case beforeLetters = "before refused rows are kept"
  case afterLetters = "after refused rows were kept"
  case beforeLedger = "before the ledger is told"
  case afterLedger = "after the ledger was told"
  case opening = "while the database is opened"
}
