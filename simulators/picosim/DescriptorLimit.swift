import Glibc

/// How many files and sockets this process may have open. Each board on a broker needs one.
struct DescriptorLimit {
  static let perBoard = 1
  /// Everything else: standard streams, epoll, fetches, files.
  static let others = 64

  /// The most that are possible here.
  let maximum: Int

  /// Raises the limit as far as it goes without being asked.
  static func raise() -> DescriptorLimit {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
    return DescriptorLimit(maximum: limit.rlim_cur > rlim_t(Int.max) ? .max : Int(limit.rlim_cur))
  }

  /// How many boards on a broker one process can have.
  var boards: Int { max(0, (maximum - Self.others) / Self.perBoard) }
}
