import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle

/// An HTTP server as a service, with a port that is taken told in a person's words.
struct WebServer<Context: InitializableFromSource & RequestContext>: Service
where Context.Source == ApplicationRequestContextSource {
  let responder: RouterResponder<Context>
  let host: String
  let port: Int
  /// What it serves, for messages.
  let name: String
  let logger: Logger
  var transport = HTTPServerBuilder.http1()

  func run() async throws {
    // Requests are counted in metrics; a line for each would drown what matters.
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .notice)
    let application = Application(
      responder: responder, server: transport,
      configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: nil),
      onServerRunning: { _ in logger.info("\(name) on http://\(host):\(port)/") },
      logger: quiet)
    do {
      try await application.run()
    } catch let error as IOError {
      throw WebServerError(
        description:
          "cannot serve the \(name) on \(host):\(port): \(error); another program may have the port, or the address is not this machine's: choose another one"
      )
    }
  }
}

/// Why the server does not serve.
struct WebServerError: Error, CustomStringConvertible {
  var description: String
}
