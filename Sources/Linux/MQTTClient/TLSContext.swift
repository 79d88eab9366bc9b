import COpenSSL
import Glibc

/// Whom a client believes and what it shows of itself, for all its connections (`TLSConnection`). A file that cannot be
/// read is named here and now instead of at the first handshake.
final class TLSContext {
  /// What a file or name cannot be used for.
  struct Fault: Error {
    var detail: String
  }

  /// The context; connections count their own references.
  let context: OpaquePointer
  /// The name to ask the broker for (SNI); `nil` for an address, which has none.
  let name: String?
  private let options: MQTTTLS

  /// - Parameter host: what is connected to; the certificate's name unless the options name another.
  init(_ options: MQTTTLS, host: String) throws(Fault) {
    ERR_clear_error()
    guard let context = SSL_CTX_new(TLS_client_method()) else { throw Self.fault("make a TLS context") }
    self.context = context
    self.options = options
    let name = options.serverName ?? host
    let parameters = SSL_CTX_get0_param(context)
    let isAddress = X509_VERIFY_PARAM_set1_ip_asc(parameters, name) == 1
    self.name = isAddress ? nil : name
    ERR_clear_error()
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
    if !isAddress {
      guard X509_VERIFY_PARAM_set1_host(parameters, name, 0) == 1 else {
        throw Self.fault("expect a certificate for '\(name)'")
      }
    }
    if let name = options.applicationProtocol { try announce(name) }
    try loadIdentity()
  }

  /// RFC 7301, 3.1: each name with its length before it. (This call answers 0 when it worked.)
  private func announce(_ name: String) throws(Fault) {
    let name = Array(name.utf8)
    guard 1...255 ~= name.count else { throw Fault(detail: "an application protocol's name is 1 to 255 bytes") }
    let list = [UInt8(name.count)] + name
    guard SSL_CTX_set_alpn_protos(context, list, UInt32(list.count)) == 0 else {
      throw Self.fault("announce the application protocol")
    }
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
    return Fault(detail: "cannot \(what): \(lastWords() ?? String(cString: strerror(cause)))")
  }

  /// What OpenSSL complains of on this thread, or `nil`.
  static func lastWords() -> String? {
    let code = ERR_get_error()
    ERR_clear_error()
    guard code != 0 else { return nil }
    let words = [CChar](unsafeUninitializedCapacity: 256) { text, count in
      ERR_error_string_n(code, text.baseAddress, text.count)
      count = text.count
    }
    return words.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } }
  }
}
