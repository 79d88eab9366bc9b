import GRDB
import GatewayCore
import Glibc
import Journal

/// A folder for one test, removed with it.
final class TemporaryFolder {
  let path: String

  init() {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(base)/martlet-journal-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { preconditionFailure("no temporary folder in \(base)") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  var file: String { path + "/journal.sqlite" }

  deinit {
    for name in ["", "-wal", "-shm", ".lock", ".damaged"] { unlink(file + name) }
    rmdir(path)
  }
}

/// A reading of a day in 2026, `seq` seconds after noon.
func entry(_ seq: Int64, device: String = "Attic06", boot: Int64 = 17, received: Int64? = nil) -> Entry {
  let moment = 1_790_000_000_000_000 + seq * 1_000_000
  return Entry(
    device: device, boot: boot, seq: seq, timestamp: moment, timeSource: .device, received: received ?? moment,
    profile: .martletVersion2, bytes: Array("{\"v\":2,\"seq\":\(seq)}".utf8))
}

func batch(_ entries: [Entry]) -> Batch {
  var batch = Batch()
  batch.entries = entries
  return batch
}

func batch(_ seqs: some Sequence<Int64>) -> Batch { batch(seqs.map { entry($0) }) }

/// Runs SQL on the journal's file from a connection of its own.
func meddle(_ path: String, _ sql: String) throws {
  let queue = try DatabaseQueue(path: path)
  try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
  try queue.close()
}

/// The seqs of all entries, oldest first.
func seqs(_ journal: Journal) throws -> [Int64] {
  try journal.entries(after: 0, limit: 1_000_000).map(\.seq)
}
