/// How a connection is kept from others' eyes, and who is believed.
///
/// ```swift
/// var options = MQTTOptions(host: "broker.example", port: 8883, clientID: "gateway")
/// options.tls = MQTTTLS(authorityFile: "/etc/martlet/ca.pem")
/// ```
///
/// The broker must show a certificate that one of the authorities signed and that is made out to the host's name (or
/// address, as an IP entry). There is no switch that turns this off.
public struct MQTTTLS: Sendable, Equatable {
  /// The oldest protocol that is spoken.
  public enum Version: String, Sendable, Equatable, CaseIterable {
    /// TLS 1.2.
    case v12 = "1.2"
    /// TLS 1.3.
    case v13 = "1.3"
  }

  /// A PEM file of the authorities that are believed; `nil`: those the system believes.
  public var authorityFile: String?
  /// A PEM file with this client's certificate and those between it and the authority; needs `keyFile`.
  public var certificateFile: String?
  /// A PEM file with the certificate's private key, without a passphrase.
  public var keyFile: String?
  /// The name the broker's certificate must be made out to, where it is not the host's that is connected to.
  public var serverName: String?
  /// The oldest protocol that is spoken.
  public var minimumVersion = Version.v12
  /// The protocol named in the handshake (ALPN), 1 to 255 bytes, where a port serves several: AWS IoT Core on 443 wants
  /// `x-amzn-mqtt-ca`.
  public var applicationProtocol: String?

  /// The broker's side is checked; this client shows a certificate where it has one.
  public init(
    authorityFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil, serverName: String? = nil,
    minimumVersion: Version = .v12, applicationProtocol: String? = nil
  ) {
    self.authorityFile = authorityFile
    self.certificateFile = certificateFile
    self.keyFile = keyFile
    self.serverName = serverName
    self.minimumVersion = minimumVersion
    self.applicationProtocol = applicationProtocol
  }
}
