import Foundation
import Glibc

/// A firmware that runs as a program of its own and asks for its board over its standard input and output.
final class FirmwareProcess {
  private let process = Process()
  private let (toFirmware, fromFirmware) = (Pipe(), Pipe())
  private var incoming: [UInt8] = []
  private var start = 0

  /// Starts `command`, whose first word is the program, with `MARTLET_BOARD=pipe`; what it says goes to `console`, or to
  /// this program's standard error.
  ///
  /// - Throws: where there is no such program.
  init(_ command: [String], console: FileHandle? = nil) throws {
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = command
    process.environment = ProcessInfo.processInfo.environment.merging(["MARTLET_BOARD": "pipe"]) { _, ours in ours }
    process.standardInput = toFirmware
    process.standardOutput = fromFirmware
    if let console { process.standardError = console }
    try process.run()
  }

  /// How it ended.
  var exitCode: Int32 { process.terminationStatus }

  /// What comes of waiting.
  enum Event: Equatable {
    case request(BoardRequest)
    case nothing
    case ended
  }

  /// The next request, waited for at most `milliseconds`; below 0 for as long as it takes.
  func next(milliseconds: Int32) -> Event {
    while true {
      if let (request, used) = BoardRequest.parse(incoming[start...]) {
        start += used
        if start == incoming.count { (incoming, start) = ([], 0) }
        return .request(request)
      }
      let descriptor = fromFirmware.fileHandleForReading.fileDescriptor
      var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let ready = poll(&entry, 1, milliseconds)
      if ready == 0 || ready < 0 && errno == EINTR { return .nothing }
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = read(descriptor, &buffer, buffer.count)
      guard count > 0 else {
        process.waitUntilExit()
        return .ended
      }
      incoming.removeFirst(start)
      start = 0
      incoming += buffer[..<count]
    }
  }

  /// Answers.
  func send(_ answer: BoardAnswer, unit: UInt8) {
    let bytes = answer.bytes(unit: unit)
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        write(toFirmware.fileHandleForWriting.fileDescriptor, $0.baseAddress! + sent, bytes.count - sent)
      }
      // A firmware that has ended is noticed when its requests end.
      guard count > 0 else { return }
      sent += count
    }
  }

  /// Pulls the plug: nothing is answered any more, and the firmware ends by itself, as PROTOCOL.md says. One that does not
  /// within two seconds is ended.
  func pullPlug() {
    try? toFirmware.fileHandleForWriting.close()
    var isTold = false
    while true {
      switch next(milliseconds: 2000) {
      case .request: continue
      case .nothing where isTold: return
      case .nothing:
        process.terminate()
        isTold = true
      case .ended: return
      }
    }
  }
}
