/// Where readings go from the store, each sink at its own pace.
///
/// A sink runs on a thread of its own and may block. Its cursor lives with what it writes, in the same transaction, so
/// that a crash between the two can neither double nor lose.
public protocol Sink {
  /// The sink's name in cursors, logs and metrics.
  var name: String { get }

  /// What is told of a row that the far side refuses.
  var refusal: SinkRefusal { get }

  /// Connects, and says which entries are already there.
  mutating func open() throws(SinkError) -> SinkPosition

  /// Writes the readings and moves the cursor to `position`, all or nothing, except those the far side refuses for what
  /// they are: they are isolated and returned.
  mutating func deliver(_ batch: LiveTail.Rows, to position: SinkPosition) throws(SinkError) -> Delivery

  /// Tells the far side what is missing, or no longer is, and has it look; safe to repeat.
  ///
  /// - Returns: what of the open gaps the far side has nevertheless, from another gateway.
  mutating func settle(_ gaps: [Gap]) throws(SinkError) -> [Gap]

  /// Lets go of the connection.
  mutating func close()
}

extension Sink {
  /// A far side without a ledger.
  public mutating func settle(_ gaps: [Gap]) throws(SinkError) -> [Gap] { [] }

  /// A database.
  public var refusal: SinkRefusal { SinkRefusal(letter: "refused-by-database", loss: "database: refused") }
}

/// A sink that needs no more than the rows.
public protocol RowSink: Sink {
  /// See `Sink.deliver`.
  mutating func deliver(_ rows: [Row], to position: SinkPosition) throws(SinkError) -> Delivery
}

extension RowSink {
  /// The rows alone.
  public mutating func deliver(_ batch: LiveTail.Rows, to position: SinkPosition) throws(SinkError) -> Delivery {
    try deliver(batch.rows, to: position)
  }
}

/// What is told of a row that a far side refuses.
public struct SinkRefusal: Sendable, Equatable {
  /// The dead letter's reason.
  public var letter: String
  /// The ledger's; `nil` where the reading is not lost by it, because it is elsewhere.
  public var loss: String?

  /// The words for one sink.
  public init(letter: String, loss: String?) {
    self.letter = letter
    self.loss = loss
  }
}

/// What a delivery did.
public struct Delivery: Sendable {
  /// Rows written.
  public var written: Int
  /// Rows that were there already.
  public var duplicates: Int
  /// Positions in the delivered array that the far side refuses, and its words.
  public var refused: [(index: Int, reason: String)]

  /// The outcome of one delivery.
  public init(written: Int, duplicates: Int, refused: [(index: Int, reason: String)] = []) {
    self.written = written
    self.duplicates = duplicates
    self.refused = refused
  }
}

/// Why a sink could not deliver; nothing of the batch was kept.
public struct SinkError: Error, Sendable, CustomStringConvertible {
  /// What kind of fault, and so what to do.
  public enum Code: Sendable, Equatable {
    /// The far side is away: try again later, from `open`.
    case unreachable
    /// The credentials are refused: a person must mend them; trying again is slow and harmless.
    case refusedCredentials
    /// The schema is not there or too old: `martlet migrate`.
    case schema
    /// The far side is there and cannot take it now (disk full, read-only, deadlock): try again later.
    case busy
  }

  /// What kind of fault.
  public var code: Code
  /// What was being done, what the far side said, and the remedy.
  public var detail: String

  /// A fault with its cause.
  public init(_ code: Code, _ detail: String) {
    self.code = code
    self.detail = detail
  }

  /// The detail.
  public var description: String { detail }
}
