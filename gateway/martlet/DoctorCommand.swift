import ArgumentParser
import CloudBridge
import GatewayCore
import HTTPClient
import Journal
import MQTTClient
import TimescaleSink

struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Test broker, database, journal and config server, and say what to do.",
    discussion: "Exit code 0 when everything that is configured works, 1 otherwise. Changes nothing.")

  @OptionGroup var options: SettingsOptions

  @Option(name: .customLong("config-server"), help: "The config server's address.")
  var configServer: String?

  func run() async throws {
    try await Failure.reported {
      let settings = try await Settings.read(options)
      let address = configServer ?? "http://\(settings.configServer.host):\(settings.configServer.port)"
      let findings = [
        checkBroker(settings.broker), checkDatabase(settings.database), checkBridge(settings.bridge),
        checkJournal(settings.journalPath), checkConfigServer(address),
      ]
      for finding in findings { print(finding.line) }
      if findings.contains(where: \.isFault) { throw ExitCode.failure }
    }
  }

  private struct Finding {
    var part: String
    var isFault: Bool
    var detail: String

    var line: String { "\(isFault ? "FAULT" : "ok   ") \(part): \(detail)" }
  }

  private func checkBroker(_ broker: Settings.Broker) -> Finding {
    let address = "\(broker.host):\(broker.port)"
    do throws(MQTTError) {
      let client = try MQTTClient(broker.options(clientID: "martlet-doctor"))
      try client.connect()
      let isConnected = try client.awaitConnection(milliseconds: 5000)
      client.disconnect()
      guard isConnected else {
        return Finding(
          part: "broker", isFault: true,
          detail: "\(address) takes the connection and says nothing; is it an MQTT broker?")
      }
      return Finding(part: "broker", isFault: false, detail: "\(address) accepts this gateway")
    } catch {
      let remedy =
        switch error.code {
        case .refused where error.reason == nil && broker.tls != nil, .invalid:
          "check broker.tls.caFile, broker.tls.serverName and this gateway's own certificate"
        case .refused: "give broker.user and broker.password that the broker knows"
        case .unreachable, .connectionLost, .notConnected, .protocolViolation, .exhausted:
          broker.tls == nil
            ? "start Mosquitto there, or name the right address with --broker and --broker-port"
            : "start Mosquitto there, or name the right address; does that port speak TLS, and does it accept this certificate?"
        }
      return Finding(part: "broker", isFault: true, detail: "\(address): \(error); \(remedy)")
    }
  }

  private func checkBridge(_ bridge: BridgeSettings?) -> Finding {
    guard let bridge else { return Finding(part: "bridge", isFault: false, detail: "not configured") }
    do throws(BridgeCheck.Fault) {
      return Finding(part: "bridge", isFault: false, detail: try BridgeCheck.look(bridge.options))
    } catch {
      return Finding(part: "bridge", isFault: true, detail: error.description)
    }
  }

  private func checkDatabase(_ database: String?) -> Finding {
    guard let database else {
      return Finding(part: "database", isFault: false, detail: "not configured: the journal is the store")
    }
    do throws(PostgresError) {
      let connection = try PostgresConnection(database)
      defer { connection.close() }
      let status = try Migrator.status(connection)
      guard status.version >= status.known else {
        return Finding(
          part: "database", isFault: true,
          detail: "\(connection.address) has schema \(status.version) of \(status.known); run martlet migrate")
      }
      let kind = status.isHypertable ? "hypertable, \(status.license ?? "unknown") edition" : "plain table"
      return Finding(
        part: "database", isFault: false, detail: "\(connection.address), schema \(status.version), \(kind)")
    } catch {
      return Finding(part: "database", isFault: true, detail: "\(error)")
    }
  }

  private func checkJournal(_ path: String) -> Finding {
    do throws(StoreError) {
      guard FileStatus.exists(path) else {
        return Finding(part: "journal", isFault: false, detail: "\(path) is not there yet; the gateway makes it")
      }
      let file = try JournalFile(path: path, exclusively: true)
      let statistics = try file.statistics()
      let damage = try file.damage()
      try file.close()
      guard damage.isEmpty else {
        return Finding(
          part: "journal", isFault: true,
          detail:
            "\(path) is damaged: \(damage[0]); at its start the gateway sets it aside and takes over what is sound")
      }
      return Finding(
        part: "journal", isFault: false,
        detail:
          "\(path): \(statistics.entries) entries, \(statistics.deadLetters) dead letters, \(statistics.bytes) bytes")
    } catch {
      if error.code == .locked {
        return Finding(part: "journal", isFault: false, detail: "\(path) is in use by a running gateway")
      }
      return Finding(part: "journal", isFault: true, detail: "\(error)")
    }
  }

  private func checkConfigServer(_ address: String) -> Finding {
    do throws(HTTPError) {
      let response = try HTTPClient(timeoutMilliseconds: 3000).get("\(address)/ping")
      guard response.status == 200, String(decoding: response.body, as: UTF8.self) == "pong" else {
        return Finding(
          part: "config server", isFault: true,
          detail: "\(address) answers, but not as a config server; name the right one")
      }
      return Finding(part: "config server", isFault: false, detail: "\(address) answers")
    } catch {
      return Finding(
        part: "config server", isFault: true,
        detail: "\(error); start it with martlet config-server, or name it with --config-server")
    }
  }
}
