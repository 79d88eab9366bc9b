import HTTPTypes
public import HummingbirdCore
import NIOCore
import NIOHTTPTypes

extension ConfigServer {
  /// How a `ConfigServer` is spoken to: HTTP/1, and each connection ends with its first answer.
  ///
  /// ```swift
  /// Application(router: router, server: ConfigServer.transport, configuration: …)
  /// ```
  ///
  /// MicroPython's client asks in HTTP/1.0 and reads until the connection ends; Hummingbird keeps one open unless the
  /// request says `Connection: close`, which older releases of that client do not say: they would hang. A device asks
  /// about once a minute, so that a kept connection would serve nobody.
  public static var transport: HTTPServerBuilder {
    .http1(
      configuration: HTTP1Channel.Configuration(
        additionalChannelHandlers: [OneRequestPerConnection()], idleTimeout: .seconds(30)))
  }
}

/// Says `Connection: close` for the client, and to it.
private final class OneRequestPerConnection: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .head(var head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
    head.headerFields[.connection] = "close"
    context.fireChannelRead(wrapInboundOut(.head(head)))
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard case .head(var head) = unwrapOutboundIn(data) else { return context.write(data, promise: promise) }
    head.headerFields[.connection] = "close"
    context.write(wrapOutboundOut(.head(head)), promise: promise)
  }
}
