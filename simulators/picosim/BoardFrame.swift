/// What the simulated MicroPython firmware asks of its board, and the answer (simulators/micropython/PROTOCOL.md).
struct BoardRequest: Equatable {
  var operation: UInt8
  var unit: UInt8 = 0
  var argument: UInt32 = 0
  var body: [UInt8] = []

  /// Bytes before the body.
  static let headerBytes = 8

  init(operation: UInt8, unit: UInt8 = 0, argument: UInt32 = 0, body: [UInt8] = []) {
    (self.operation, self.unit, self.argument, self.body) = (operation, unit, argument, body)
  }

  /// The first request in some bytes, and how many they are; `nil` while it is not whole.
  static func parse(_ bytes: ArraySlice<UInt8>) -> (BoardRequest, used: Int)? {
    guard bytes.count >= headerBytes else { return nil }
    let header = Array(bytes.prefix(headerBytes))
    let length = Int(header[2]) | Int(header[3]) << 8
    guard bytes.count >= headerBytes + length else { return nil }
    let argument = (4..<8).reduce(UInt32(0)) { $0 | UInt32(header[$1]) << UInt32(8 * ($1 - 4)) }
    let body = Array(bytes.dropFirst(headerBytes).prefix(length))
    return (BoardRequest(operation: header[0], unit: header[1], argument: argument, body: body), headerBytes + length)
  }
}

/// An answer.
struct BoardAnswer: Equatable {
  /// How it went.
  enum Status: UInt8 {
    case done = 0
    case addressNotAcknowledged, dataNotAcknowledged, timeout, stuck, noPresence, shorted, notThere
    case unknownOperation = 255
  }

  var status = Status.done
  var value: UInt32 = 0
  var body: [UInt8] = []

  /// The frame.
  func bytes(unit: UInt8) -> [UInt8] {
    [status.rawValue, unit, UInt8(body.count & 0xFF), UInt8(body.count >> 8 & 0xFF)]
      + (0..<4).map { UInt8(value >> (8 * $0) & 0xFF) } + body
  }
}
