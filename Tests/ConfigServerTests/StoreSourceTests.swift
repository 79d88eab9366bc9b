import ConfigModel
import ConfigStore
import Foundation
import HTTPTesting
import HTTPTypes
import Hummingbird
import Logging
import Synchronization
import Testing

@testable import ConfigServer

private let fleet = """
  {"device_list":[{"device_id":"Attic06","mqtt_config":{"user":"attic","password":"attic-secret"}},{"device_id":"B"}],
  "system_global_config":{"api_config":{"api_key":"shared"}},"device_global_config":{"heartbeat_publish_period":5000}}
  """

@Suite struct StoreSourceTests {
  let directory: ConfigDirectory
  let store: ConfigStore
  let source: StoreSource
  let board = RolloutBoard()
  let client: RouterClient

  init() throws {
    directory = try ConfigDirectory()
    store = try ConfigStore(path: directory.url.appending(path: "config.sqlite").path)
    _ = try store.save(try JSONValue(parsing: Array(fleet.utf8)), author: "Ada", note: "", at: 1)
    source = try StoreSource(store, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let router = Router(context: DirectContext.self)
    let server = ConfigServer(source: source) { [board] in board.note($0, at: 7_000) }
    server.addRoutes(to: router)
    server.addDevices(to: router, board: board)
    client = RouterClient(router)
  }

  @Test func anotherProcessesSaveIsHandedOutAfterTheNextLook() async throws {
    let other = try ConfigStore(path: store.path, make: false)
    let before = try await client.get("/v1/devices/B/config").headers[.eTag]
    _ = try other.set(
      try ConfigPath("device_list[B].heartbeat_publish_period"), to: .number("1000"), author: "Grace", note: "", at: 2)
    #expect(source.refresh())
    #expect(!source.refresh())
    let answer = try await client.get("/v1/devices/B/config")
    #expect(answer.headers[.eTag] != before)
    #expect(answer.text.contains(#""heartbeat_publish_period":1000"#))
  }

  @Test func aSecretOfOneDeviceGoesToThatDeviceAndNobodyElse() async throws {
    #expect(try await client.get("/v1/devices/Attic06/config").text.contains("attic-secret"))
    for path in ["/pico_iot_config.json", "/v1/devices/B/config", "/v1/devices/Spare15/config", "/v1/devices"] {
      #expect(try await !client.get(path).text.contains("attic-secret"), "\(path)")
    }
    // The former firmware reads this document only, and what all share it needs.
    #expect(try await client.get("/pico_iot_config.json").text.contains(#""api_key": "shared""#))
  }

  @Test func aStrangerGetsTheDefaultsAndWaitsForItsAdoption() async throws {
    let watch = watch(adopts: false)
    #expect(try await client.get("/v1/devices/Spare15/config").text.contains(#""heartbeat_publish_period":5000"#))
    watch.noteStrangers(at: 9)
    #expect(try store.newDevices().map(\.id) == ["Spare15"])
    #expect(try store.newDevices().first?.last == 7_000)
    _ = try store.adopt(["Spare15"], author: "Ada", note: "", at: 10)
    source.refresh()
    _ = try await client.get("/v1/devices/Spare15/config")
    watch.noteStrangers(at: 11)
    #expect(try store.newDevices().isEmpty)
  }

  @Test func aStrangerIsTakenInAtOnceWhereThatIsAskedFor() async throws {
    _ = try await client.get("/v1/devices/Spare15/config")
    watch(adopts: true).noteStrangers(at: 9)
    #expect(try store.newestNumber() == 2)
    #expect(try store.newest()?.author == "martlet")
    let enabled = try ConfigPath("device_list[Spare15].enabled")
    #expect(try store.newest()?.document[enabled] == .number("1"))
    #expect(try store.newDevices().isEmpty)
  }

  @Test func devicesAreListedWithHowFarTheyAreAndDriftIsAFilter() async throws {
    let etag = source.current().document(for: "Attic06").etag
    _ = try await client.get("/v1/devices/B/config")
    let status = JSONValue.object([
      JSONValue.Member(key: "state", value: .string("online")), JSONValue.Member(key: "config", value: .string(etag)),
      JSONValue.Member(key: "config_state", value: .string("running")),
    ])
    board.note(try #require(DeviceReport(status: Array(status.compact.utf8))), of: "Attic06", at: 8)
    func states(_ path: String) async throws -> [String] {
      let value = try JSONValue(parsing: try await client.get(path).bytes)
      return (value["devices"]?.elements ?? []).map { "\($0["device_id"]?.text ?? "") \($0["state"]?.text ?? "")" }
    }
    #expect(try await states("/v1/devices") == ["Attic06 running", "B fetched"])
    #expect(try await states("/v1/devices?drift=true") == ["B fetched"])
  }

  @Test func askingUnderManyNamesCostsNoMemory() {
    let fleet = source.current()
    for number in 0..<ServedFleet.strangerLimit { _ = fleet.document(for: "X\(number)") }
    let kept = fleet.document(for: "X0"), unkept = fleet.document(for: "Y")
    #expect(fleet.document(for: "X0") === kept)
    #expect(fleet.document(for: "Y") !== unkept)
    #expect(fleet.document(for: "Y").etag == unkept.etag)
    #expect(fleet.document(for: "B") === fleet.document(for: "B"))
  }

  private func watch(adopts: Bool) -> ConfigWatch {
    ConfigWatch(
      refresh: {}, board: board, store: store, adopts: adopts,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }
}
