import Glibc

extension MQTTClient {
  /// After `connect`: reads and writes until the broker has answered. For programs that have nothing else to do.
  ///
  /// - Returns: whether the broker accepted; `false` when it said nothing for `milliseconds`.
  /// - Throws: `.refused`, `.connectionLost`, `.protocolViolation`.
  public func awaitConnection(milliseconds: Int32) throws(MQTTError) -> Bool {
    var left = milliseconds
    while !isConnected, left > 0, let descriptor = fileDescriptor {
      if wantsWrite { try write() }
      var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let slice = min(left, 50)
      if poll(&entry, 1, slice) > 0 { _ = try read() }
      left -= slice
    }
    return isConnected
  }
}
