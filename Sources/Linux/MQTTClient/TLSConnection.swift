import COpenSSL

/// One connection's TLS, between two buffers: it touches no socket. What comes from the socket goes in by `take`, what
/// shall go to the socket comes out by `takeOutgoing`.
///
/// So the owner decides when anything leaves, a whole socket buffer is read at once instead of a record's head and then
/// its body, and no write of OpenSSL's can raise SIGPIPE.
final class TLSConnection {
  /// How far a call came.
  enum Progress: Equatable {
    case bytes(Int)
    /// Not before more has come from the socket.
    case wantsInput
    /// The other side said that it sends no more.
    case ended
  }

  private let connection: OpaquePointer
  /// What has come from the socket; the connection's.
  private let incoming: OpaquePointer
  /// What is to go to the socket; the connection's.
  private let outgoing: OpaquePointer

  init(_ context: TLSContext) throws(TLSContext.Fault) {
    guard let connection = SSL_new(context.context), let incoming = BIO_new(BIO_s_mem()),
      let outgoing = BIO_new(BIO_s_mem())
    else { throw TLSContext.Fault(detail: "no memory for a TLS connection") }
    self.connection = connection
    self.incoming = incoming
    self.outgoing = outgoing
    SSL_set_bio(connection, incoming, outgoing)
    SSL_set_connect_state(connection)
    guard martlet_ssl_prepare(connection, context.name) == 1 else {
      throw TLSContext.Fault(detail: "cannot ask for '\(context.name ?? "")'")
    }
  }

  /// With its two buffers.
  deinit { SSL_free(connection) }

  /// Whether keys are agreed on; before that nothing is written.
  var isEstablished: Bool { SSL_is_init_finished(connection) != 0 }

  var hasOutgoing: Bool { BIO_ctrl_pending(outgoing) > 0 }

  /// Bytes from the socket. OpenSSL keeps them until `read` or `shakeHands` takes them.
  func take(_ bytes: UnsafeRawBufferPointer) {
    // A buffer in memory takes everything.
    _ = BIO_write(incoming, bytes.baseAddress, Int32(bytes.count))
  }

  /// Goes on agreeing on keys, as far as what has come allows.
  func shakeHands() throws(TLSContext.Fault) {
    ERR_clear_error()
    let result = SSL_do_handshake(connection)
    if result != 1 { _ = try progress(result) }
  }

  func read(into room: UnsafeMutableRawBufferPointer) throws(TLSContext.Fault) -> Progress {
    ERR_clear_error()
    return try progress(SSL_read(connection, room.baseAddress, Int32(min(room.count, Int(Int32.max)))))
  }

  /// Encrypts; the result is to be taken out.
  func write(_ bytes: UnsafeRawBufferPointer) throws(TLSContext.Fault) -> Progress {
    ERR_clear_error()
    return try progress(SSL_write(connection, bytes.baseAddress, Int32(min(bytes.count, Int(Int32.max)))))
  }

  /// Moves up to `room.count` bytes for the socket out of here.
  func takeOutgoing(into room: UnsafeMutableRawBufferPointer) -> Int {
    max(0, Int(BIO_read(outgoing, room.baseAddress, Int32(room.count))))
  }

  private func progress(_ result: Int32) throws(TLSContext.Fault) -> Progress {
    if result > 0 { return .bytes(Int(result)) }
    switch SSL_get_error(connection, result) {
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .wantsInput
    case SSL_ERROR_ZERO_RETURN: return .ended
    default:
      let words = TLSContext.lastWords()
      throw TLSContext.Fault(
        detail: certificateFault.map { "the broker's certificate: \($0)" } ?? words ?? "the TLS connection broke")
    }
  }

  /// What is wrong with the certificate the broker showed, or `nil`.
  private var certificateFault: String? {
    let result = SSL_get_verify_result(connection)
    if result == Int(X509_V_OK) { return nil }
    return String(cString: X509_verify_cert_error_string(result))
  }
}
