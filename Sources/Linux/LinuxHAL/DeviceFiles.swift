import Glibc

/// Where the kernel's device nodes and sysfs are; a test puts its own folder in their place.
public struct DeviceFiles: Equatable, Sendable {
  /// The machine's own.
  public static let host = DeviceFiles(root: "")

  /// What stands before `/dev` and `/sys`; empty for the machine's own.
  public let root: String

  /// Files below `root`, a folder's path without a slash at its end.
  public init(root: String) {
    self.root = root
  }

  /// The full path of one, which is given from `/` on.
  func path(_ absolute: String) -> String { root + absolute }

  /// What is in a folder, in no order; nothing where there is no such folder.
  func names(in folder: String) -> [String] {
    guard let stream = opendir(path(folder)) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// The numbers N of the files `prefix`N in a folder, ascending.
  func numbers(in folder: String, prefix: String) -> [Int] {
    names(in: folder).filter { $0.hasPrefix(prefix) }.compactMap { Int($0.dropFirst(prefix.count)) }.sorted()
  }

  /// Whether there is something.
  func exists(_ absolute: String) -> Bool { access(path(absolute), F_OK) == 0 }

  /// The first line of a small file, or `nil`.
  func line(of absolute: String) -> String? {
    let descriptor = open(path(absolute), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    let file = OpenFile(descriptor)
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = read(file.descriptor, &bytes, bytes.count)
    guard count >= 0 else { return nil }
    return String(decoding: bytes.prefix(count).prefix { $0 != 0x0A }, as: UTF8.self)
  }

  /// Writes a value into an attribute of sysfs, with one `write`, as it wants it.
  ///
  /// - Returns: 0, or the `errno`.
  func store(_ value: String, in absolute: String) -> Int32 {
    let descriptor = open(path(absolute), O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return errno }
    return OpenFile(descriptor).store(value)
  }
}

/// A file descriptor that is closed when nobody holds it any more.
final class OpenFile: Sendable {
  let descriptor: Int32

  init(_ descriptor: Int32) {
    self.descriptor = descriptor
  }

  deinit {
    close(descriptor)
  }

  /// Writes a value at the file's beginning with one `write`.
  ///
  /// - Returns: 0, or the `errno`.
  func store(_ value: String) -> Int32 {
    let bytes = Array(value.utf8)
    return pwrite(descriptor, bytes, bytes.count, 0) == bytes.count ? 0 : errno
  }
}
