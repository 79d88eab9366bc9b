import COpenSSL
import Glibc

/// The TLS side of a client's connections; the only Swift file that touches OpenSSL.
///
/// libmosquitto takes a finished context (`MOSQ_OPT_SSL_CTX`) and then adds nothing of its own. That is used instead of
/// its `mosquitto_tls_set`, because only so can the name on the certificate differ from the host that is connected to,
/// and because a file that cannot be read is named here and now instead of at the first handshake.
final class TLSContext {
  /// What a file or name cannot be used for.
  struct Fault: Error {
    var detail: String
  }

  /// The context, for libmosquitto, which counts its own reference.
  let context: OpaquePointer
  private let options: MQTTTLS

  /// - Parameter host: what is connected to; the certificate's name unless the options name another.
  init(_ options: MQTTTLS, host: String) throws(Fault) {
    ERR_clear_error()
    guard let context = SSL_CTX_new(TLS_client_method()) else { throw Self.fault("make a TLS context") }
    self.context = context
    self.options = options
    let minimum = options.minimumVersion == .v13 ? TLS1_3_VERSION : TLS1_2_VERSION
    guard martlet_ssl_ctx_set_minimum_version(context, minimum) == 1 else {
      throw Self.fault("ask for TLS \(options.minimumVersion.rawValue)")
    }
    if let file = options.authorityFile {
      guard SSL_CTX_load_verify_locations(context, file, nil) == 1 else {
        throw Self.fault("read the authorities' certificates from \(file)")
      }
    } else {
      guard SSL_CTX_set_default_verify_paths(context) == 1 else {
        throw Self.fault("find the system's certificate authorities")
      }
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
    let parameters = SSL_CTX_get0_param(context)
    let name = options.serverName ?? host
    let isAddress = X509_VERIFY_PARAM_set1_ip_asc(parameters, name) == 1
    if !isAddress {
      ERR_clear_error()
      guard X509_VERIFY_PARAM_set1_host(parameters, name, 0) == 1 else {
        throw Self.fault("expect a certificate for '\(name)'")
      }
    }
    try loadIdentity()
  }

  deinit { SSL_CTX_free(context) }

  /// Reads this client's certificate and key, if it has them: at each connect, so that renewed files are taken up.
  func loadIdentity() throws(Fault) {
    ERR_clear_error()
    guard let certificate = options.certificateFile else {
      if options.keyFile != nil { throw Fault(detail: "a key file without a certificate file: give both or neither") }
      return
    }
    guard let key = options.keyFile else {
      throw Fault(detail: "the certificate \(certificate) without its key file: give both or neither")
    }
    guard SSL_CTX_use_certificate_chain_file(context, certificate) == 1 else {
      throw Self.fault("read this client's certificate from \(certificate)")
    }
    guard SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1,
      SSL_CTX_check_private_key(context) == 1
    else { throw Self.fault("use the private key in \(key) with \(certificate)") }
  }

  private static func fault(_ what: String) -> Fault {
    let cause = errno
    var text = [CChar](repeating: 0, count: 256)
    let code = ERR_get_error()
    ERR_error_string_n(code, &text, text.count)
    let words =
      code == 0 ? String(cString: strerror(cause)) : text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    ERR_clear_error()
    return Fault(detail: "cannot \(what): \(words)")
  }

  // MARK: One connection

  /// Bytes that are decrypted and not handed over: `poll` knows nothing of them.
  static func pendingBytes(_ connection: UnsafeMutableRawPointer?) -> Int {
    guard let connection else { return 0 }
    return Int(SSL_pending(OpaquePointer(connection)))
  }

  /// Whether keys are still being agreed on: until then only `read` moves the connection on, whatever the event.
  static func isShakingHands(_ connection: UnsafeMutableRawPointer?) -> Bool {
    guard let connection else { return false }
    return SSL_is_init_finished(OpaquePointer(connection)) == 0
  }

  /// What is wrong with the certificate the broker showed, or `nil`.
  static func certificateFault(_ connection: UnsafeMutableRawPointer?) -> String? {
    guard let connection else { return nil }
    let result = SSL_get_verify_result(OpaquePointer(connection))
    if result == Int(X509_V_OK) { return nil }
    return String(cString: X509_verify_cert_error_string(result))
  }
}
