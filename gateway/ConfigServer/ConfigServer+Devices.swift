import ConfigModel
import HTTPTypes
public import Hummingbird

extension ConfigServer {
  /// Adds `/v1/devices`: each device with how far it is with its configuration, as JSON.
  ///
  /// `?drift=true` leaves only those that do not have what they are to have. Nothing of a configuration itself is in it.
  public func addDevices<Context: RequestContext>(to router: Router<Context>, board: RolloutBoard) {
    let server = self
    router.get("/v1/devices") { request, _ in
      let onlyDrift = request.uri.queryParameters["drift"] == "true"
      let fleet = server.source.current()
      let entries = board.entries(of: fleet).filter { !onlyDrift || $0.rollout.isDrift }
      var members = [JSONValue.Member(key: "devices", value: .array(entries.map(Self.value)))]
      if let version = fleet.version {
        members.insert(JSONValue.Member(key: "version", value: .number("\(version)")), at: 0)
      }
      return Response(
        status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-store"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: JSONValue.object(members).compact)))
    }
  }

  private static func value(_ entry: RolloutBoard.Entry) -> JSONValue {
    func member(_ key: String, _ value: JSONValue?) -> JSONValue.Member? {
      value.map { JSONValue.Member(key: key, value: $0) }
    }
    return .object(
      [
        member("device_id", .string(entry.device)), member("listed", .bool(entry.isListed)),
        member("online", entry.isOnline.map(JSONValue.bool)), member("state", .string(entry.rollout.word)),
        member("detail", entry.rollout.detail.map(JSONValue.string)), member("drift", .bool(entry.rollout.isDrift)),
        member("etag", .string(entry.wanted)),
        member("fetched_at", entry.visited.map { .number("\($0 / 1000)") }),
        member("address", entry.address.isEmpty ? nil : .string(entry.address)),
      ].compactMap { $0 })
  }
}
