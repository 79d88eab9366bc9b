#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file's bytes and the mark by which a later change is seen.
struct FileContents {
  /// Changes when the file is written in place, and when another is moved or linked to its name, as editors, `git` and
  /// Kubernetes do.
  struct Mark: Equatable {
    var seconds: Int
    var nanoseconds: Int
    var size: Int
    var inode: UInt64
  }

  /// Why a file could not be read: errno, or too many bytes.
  enum Failure: Error, Equatable {
    case system(Int32)
    case tooLarge(Int)
    case notAFile
  }

  /// Far above any fleet's configuration (a device takes about 100 bytes), far below what hurts.
  static let sizeLimit = 4 * 1024 * 1024

  var bytes: [UInt8]
  var mark: Mark

  /// The mark of the file there now.
  static func mark(of path: String) throws(Failure) -> Mark {
    var status = stat()
    if stat(path, &status) != 0 { throw .system(errno) }
    return try mark(of: status)
  }

  /// Reads the file there now.
  init(of path: String) throws(Failure) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if descriptor < 0 { throw .system(errno) }
    defer { close(descriptor) }
    var status = stat()
    if fstat(descriptor, &status) != 0 { throw .system(errno) }
    mark = try Self.mark(of: status)
    bytes = []
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count == 0 { break }
      if count < 0 {
        let code = errno
        if code == EINTR { continue }
        throw .system(code)
      }
      bytes.append(contentsOf: buffer[..<count])
      if bytes.count > Self.sizeLimit { throw .tooLarge(bytes.count) }
    }
  }

  private static func mark(of status: stat) throws(Failure) -> Mark {
    if status.st_mode & S_IFMT != S_IFREG { throw .notAFile }
    if status.st_size > sizeLimit { throw .tooLarge(Int(status.st_size)) }
    #if canImport(Darwin)
      let modified = status.st_mtimespec
    #else
      let modified = status.st_mtim
    #endif
    return Mark(
      seconds: modified.tv_sec, nanoseconds: modified.tv_nsec, size: Int(status.st_size), inode: UInt64(status.st_ino))
  }
}

extension FileContents.Failure {
  /// Whether there is no such file.
  var isMissing: Bool { self == .system(ENOENT) || self == .system(ENOTDIR) }

  /// The system's words.
  var words: String {
    switch self {
    case .system(let code): String(cString: strerror(code))
    case .tooLarge(let size): "it has \(size) bytes, more than \(FileContents.sizeLimit)"
    case .notAFile: "it is not a file"
    }
  }
}
