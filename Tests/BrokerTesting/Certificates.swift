import Foundation

/// An authority of one's own, a broker's and a client's certificate, made by openssl for one test.
public final class Certificates {
  /// Where Debian puts it.
  public static let program = "/usr/bin/openssl"
  /// Whether it is there.
  public static let isInstalled = access(program, X_OK) == 0

  /// What openssl said when it failed.
  public struct Fault: Error {
    /// Its words.
    public var words: String
  }

  private let folder: URL

  /// Makes them all.
  ///
  /// - Parameter names: what the broker's certificate is made out to, as openssl writes it.
  public init(names: String = "IP:127.0.0.1,DNS:broker.test") throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "martlet-certificates-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    try run(
      ["req", "-x509"] + key
        + ["-keyout", path("ca.key"), "-out", authority, "-days", "2", "-subj", "/CN=Martlet test authority"])
    for (name, extensions) in [("broker", "subjectAltName=\(names)"), ("client", "extendedKeyUsage=clientAuth")] {
      try run(["req"] + key + ["-keyout", path("\(name).key"), "-out", path("\(name).csr"), "-subj", "/CN=\(name)"])
      try extensions.write(toFile: path("\(name).ext"), atomically: true, encoding: .utf8)
      try run([
        "x509", "-req", "-in", path("\(name).csr"), "-CA", authority, "-CAkey", path("ca.key"), "-CAcreateserial",
        "-days", "2", "-extfile", path("\(name).ext"), "-out", path("\(name).pem"),
      ])
      // A broker that was started by root reads them as somebody else.
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path("\(name).key"))
    }
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// PEM files: who signed, the broker's certificate and key, the client's.
  public var authority: String { path("ca.pem") }
  /// The broker's certificate.
  public var broker: String { path("broker.pem") }
  /// Its key.
  public var brokerKey: String { path("broker.key") }
  /// The client's certificate.
  public var client: String { path("client.pem") }
  /// Its key.
  public var clientKey: String { path("client.key") }

  private func path(_ name: String) -> String { folder.appending(path: name).path(percentEncoded: false) }

  private func run(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(filePath: Self.program)
    process.arguments = arguments
    let output = Pipe()
    process.standardError = output
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let words = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    if process.terminationStatus != 0 { throw Fault(words: words) }
  }
}
