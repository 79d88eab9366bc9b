import Glibc
import MQTTClient

/// What the ingest thread needs of its connection to the broker: `MQTTClient`, or in a simulation something that loses
/// packets on purpose. The verbs are the client's; see there, above all for what leaves when.
public protocol BrokerConnection: AnyObject {
  var onMessage: (MQTTMessage) -> Void { get set }
  var onConnected: (_ sessionPresent: Bool) -> Void { get set }
  var onSubscribed: (_ subscription: Int32, _ granted: UInt8?) -> Void { get set }
  var isConnected: Bool { get }
  /// The socket, or `nil` without one.
  var fileDescriptor: Int32? { get }
  var wantsWrite: Bool { get }

  func open() throws(MQTTError)
  func abandon()
  func disconnect(within milliseconds: Int32)
  func read() throws(MQTTError) -> Int
  func write() throws(MQTTError)
  func flush(within milliseconds: Int32) throws(MQTTError) -> Bool
  func maintain() throws(MQTTError)
  @discardableResult
  func publish(topic: String, payload: [UInt8], qos: UInt8, retain: Bool) throws(MQTTError) -> Int32
  @discardableResult
  func subscribe(_ filter: String, qos: UInt8, noLocal: Bool) throws(MQTTError) -> Int32

  /// Waits until the connection can be read (`forWriting`: written), `wake` is readable, or the time is over.
  ///
  /// - Returns: whether the connection is ready.
  func wait(forWriting: Bool, wake: Int32, milliseconds: Int32) -> Bool
}

extension MQTTClient: BrokerConnection {
  /// `connect`, waiting for TCP.
  public func open() throws(MQTTError) { try connect() }

  /// `poll`.
  public func wait(forWriting: Bool, wake: Int32, milliseconds: Int32) -> Bool {
    // What has been read from the socket already `poll` does not see.
    if !forWriting, hasBufferedInput { return true }
    var entries = [
      pollfd(fd: fileDescriptor ?? -1, events: Int16(forWriting ? POLLOUT : POLLIN), revents: 0),
      pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
    ]
    _ = poll(&entries, 2, milliseconds)
    return entries[0].revents != 0
  }
}
