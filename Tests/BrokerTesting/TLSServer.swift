import COpenSSL
import Glibc

/// The far side of a client's TLS, on one accepted socket.
final class TLSServer {
  private let context: OpaquePointer
  private let connection: OpaquePointer

  /// Agrees on keys; `nil` where the client does not like it.
  init?(_ socket: Int32, _ certificates: Certificates) {
    guard let context = SSL_CTX_new(TLS_server_method()),
      SSL_CTX_use_certificate_chain_file(context, certificates.broker) == 1,
      SSL_CTX_use_PrivateKey_file(context, certificates.brokerKey, SSL_FILETYPE_PEM) == 1,
      let connection = SSL_new(context)
    else { return nil }
    self.context = context
    self.connection = connection
    SSL_set_fd(connection, socket)
    guard SSL_accept(connection) == 1 else { return nil }
  }

  deinit {
    SSL_free(connection)
    SSL_CTX_free(context)
  }

  var hasBufferedInput: Bool { SSL_pending(connection) > 0 }

  func read(_ bytes: inout [UInt8]) -> Int { Int(SSL_read(connection, &bytes, Int32(bytes.count))) }

  func write(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.withUnsafeBytes { Int(SSL_write(connection, $0.baseAddress, Int32($0.count))) }
  }
}
