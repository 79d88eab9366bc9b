import GatewayCore
import Journal

/// The real journal, with a disk that fails by chance and a gateway that dies before or after each commit.
final class FaultyStore: Store, @unchecked Sendable {
  private let world: World
  private let gateway: GatewayRun
  private var journal: Journal?
  /// Without `Guard.durableCommit`: answered for, and not yet on the disk.
  private var promised = Batch()

  init(_ journal: Journal, _ world: World, _ gateway: GatewayRun) {
    self.journal = journal
    self.world = world
    self.gateway = gateway
  }

  /// Lets go of the file: the process is dead.
  func release() { journal = nil }

  /// The end of a gateway that was asked to stop.
  func close() {
    keepPromise()
    try? journal?.close()
    journal = nil
  }

  var gaps: [Gap] { (try? journal?.gaps(after: 0, limit: 10_000_000).gaps) ?? [] }

  private func real() throws(StoreError) -> Journal {
    guard let journal, !gateway.isDead else { throw StoreError(.io, "the process is dead") }
    return journal
  }

  private func keepPromise() {
    if promised.isEmpty { return }
    _ = try? journal?.commit(promised)
    promised = Batch()
  }

  func commit(_ batch: Batch) throws(StoreError) -> CommitResult {
    let journal = try real()
    if world.dies(.beforeCommit, gateway) { throw StoreError(.io, "killed") }
    if world.isDiskFull { throw StoreError(.diskFull, "no room") }
    if world.chance.happens(world.intensity) { throw StoreError(.io, "the disk failed") }
    var batch = batch
    if world.isBroken(.keptBootOffset) { batch.bootOffsets = [] }
    let result: CommitResult
    if world.isBroken(.durableCommit) {
      keepPromise()
      promised = batch
      result = CommitResult(isNew: batch.entries.map { _ in true }, lastID: 0)
    } else {
      result = try journal.commit(batch)
      world.truth.begin(batch)
    }
    if world.dies(.afterCommit, gateway) { throw StoreError(.io, "killed") }
    // Kept, and said to have failed: the broker delivers it again.
    if world.chance.happens(world.intensity) { throw StoreError(.io, "the disk answered with an error, wrongly") }
    return result
  }

  func bootOffset(device: String, boot: Int64) throws(StoreError) -> Int64? {
    try real().bootOffset(device: device, boot: boot)
  }

  func entries(after id: Int64, limit: Int) throws(StoreError) -> [Entry] {
    let journal = try real()
    keepPromise()
    if world.chance.happens(world.intensity) { throw StoreError(.io, "the disk does not read") }
    return try journal.entries(after: id, limit: limit)
  }

  func latest(device: String, limit: Int) throws(StoreError) -> [Entry] {
    try real().latest(device: device, limit: limit)
  }

  func devices() throws(StoreError) -> [String] { try real().devices() }

  func register(sink: String, isRequired: Bool) throws(StoreError) {
    try real().register(sink: sink, isRequired: isRequired)
  }

  func advance(sink: String, to id: Int64) throws(StoreError) {
    let journal = try real()
    let isEarly = world.isBroken(.keptUntilDelivered)
    try journal.advance(sink: sink, to: isEarly ? journal.statistics().lastID + 500 : id)
  }

  func bury(_ letters: [DeadLetter]) throws(StoreError) {
    let journal = try real()
    if world.dies(.beforeLetters, gateway) { throw StoreError(.io, "killed") }
    try journal.bury(letters)
    for letter in letters {
      if let loss = letter.loss { world.truth.keepLetter(ReadingName(loss.device, loss.boot, loss.seqs.lowerBound)) }
    }
    if world.dies(.afterLetters, gateway) { throw StoreError(.io, "killed") }
  }

  func deadLetters(limit: Int) throws(StoreError) -> [DeadLetter] { try real().deadLetters(limit: limit) }

  func sessions() throws(StoreError) -> [StoreSession] { try real().sessions() }

  func statistics() throws(StoreError) -> StoreStatistics { try real().statistics() }

  func gaps(after revision: Int64, limit: Int) throws(StoreError) -> (gaps: [Gap], revision: Int64) {
    try real().gaps(after: revision, limit: limit)
  }

  func close(_ gaps: [Gap]) throws(StoreError) { try real().close(gaps) }
}
