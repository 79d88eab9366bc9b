import Yams

extension PayloadProfile {
  /// The longest profile that is read, in bytes.
  static let yamlLimit = 65_536

  /// Reads a profile.
  ///
  /// - Parameter file: what errors call the text.
  /// - Throws: `ProfileError` with line and column, and what would be right.
  public init(yaml: String, file: String) throws(ProfileError) {
    guard yaml.utf8.count <= Self.yamlLimit else {
      throw ProfileError("\(file): \(yaml.utf8.count) bytes; a profile has at most \(Self.yamlLimit)")
    }
    let node: Node?
    do { node = try compose(yaml: yaml) } catch {
      let cause = "\(error)".split(whereSeparator: \.isNewline).prefix(2).joined(separator: " ")
      throw ProfileError("\(file): no YAML: \(cause); a text with { in it needs quotes")
    }
    guard let node else { throw ProfileError("\(file): empty; a profile begins with 'profile: NAME'") }
    var reader = try ProfileReader(node, file: file)
    self = try reader.profile()
    self.yaml = yaml
  }
}

/// Turns the YAML's tree into a profile, and says where it cannot.
private struct ProfileReader {
  private let file: String
  private let root: YAMLMapping

  init(_ node: Node, file: String) throws(ProfileError) {
    self.file = file
    root = try YAMLMapping(
      node, "a profile", file,
      keys: [
        "profile", "about", "source", "codec", "payload", "numbers_may_be_text", "topics", "ignore", "device", "time",
        "identity", "columns", "events", "extra", "rest",
      ])
  }

  mutating func profile() throws(ProfileError) -> PayloadProfile {
    let nameNode = try root.required("profile")
    let name = try text(nameNode)
    let isName = name.utf8.allSatisfy {
      (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F || $0 == 0x2D
    }
    guard isName, (1...32).contains(name.utf8.count) else {
      throw fault(nameNode, "'\(name)' is no name; it is 1 to 32 of a-z 0-9 _ -")
    }
    let standard = try at(nameNode) { () throws(ProfileError) in try CaptureTemplate("{device}") }
    var profile = PayloadProfile(name: name, device: standard)
    if let node = root["device"] { profile.device = try template(node) }
    if let node = root["about"] { profile.about = try text(node) }
    if let node = root["source"] { profile.source = try text(node) }
    if let node = root["codec"] {
      guard let codec = PayloadProfile.Codec(rawValue: try text(node)) else {
        throw fault(node, "codec is one of \(PayloadProfile.Codec.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      profile.codec = codec
    }
    if let node = root["payload"] {
      profile.isBareValue = try choice(node, ["json": false, "value": true])
    }
    if let node = root["numbers_may_be_text"] {
      profile.numbersMayBeText = try choice(node, ["true": true, "false": false])
    }
    if let node = root["rest"] { profile.keepsRest = try choice(node, ["keep": true, "drop": false]) }
    profile.topics = try topics(root.required("topics"))
    guard !profile.topics.isEmpty else {
      throw fault(nameNode, "topics needs at least one, such as [sensors/{device}]")
    }
    if let node = root["ignore"] { profile.ignored = try topics(node) }
    try readPlaces(&profile)
    try checkCaptures(profile)
    return profile
  }

  private mutating func readPlaces(_ profile: inout PayloadProfile) throws(ProfileError) {
    if let node = root["time"] { profile.time = try time(node) }
    if let node = root["identity"] {
      for item in try list(node) { profile.identity.append(try pointer(item)) }
    }
    if let node = root["columns"] { try readColumns(node, &profile) }
    if let node = root["events"] {
      for item in try list(node) { profile.events.append(try event(item)) }
    }
    if let node = root["extra"] {
      let mapping = try YAMLMapping(node, "extra", file, keys: nil)
      for (key, value) in mapping.pairs {
        let written = try text(value)
        guard written.isEmpty || written.hasPrefix("/") else {
          profile.labels.append((key, try template(value)))
          continue
        }
        profile.extras.append(
          (try at(node) { () throws(ProfileError) in try CaptureTemplate(key) }, try pointer(value)))
      }
    }
    guard !profile.numbers.isEmpty || !profile.levels.isEmpty || !profile.extras.isEmpty else {
      throw ProfileError("\(file): no place is named; columns needs at least one, such as 'temperature: /temperature'")
    }
  }

  private func readColumns(_ node: Node, _ profile: inout PayloadProfile) throws(ProfileError) {
    let names = [
      "temperature", "humidity", "pressure", "motion", "switch", "sensor_type", "wifi_rssi", "uptime_ms", "version",
    ]
    let columns = try YAMLMapping(node, "columns", file, keys: names)
    let quantities: [(String, Unit.Quantity)] = [
      ("temperature", .temperature), ("humidity", .humidity), ("pressure", .pressure), ("wifi_rssi", .rssi),
      ("uptime_ms", .uptime),
    ]
    for (name, quantity) in quantities {
      guard let node = columns[name] else { continue }
      var sources: [PayloadProfile.NumberSource] = []
      for item in try list(node) { sources.append(try number(item, quantity)) }
      profile.numbers.append((quantity, sources))
    }
    for column in PayloadProfile.LevelColumn.allCases {
      guard let node = columns[column.rawValue] else { continue }
      var sources: [PayloadProfile.LevelSource] = []
      for item in try list(node) { sources.append(try level(item)) }
      profile.levels.append((column, sources))
    }
    for column in PayloadProfile.TextColumn.allCases {
      guard let node = columns[column.rawValue] else { continue }
      var sources: [PayloadProfile.TextSource] = []
      for item in try list(node) {
        let written = try text(item)
        sources.append(written.hasPrefix("/") ? .at(try pointer(item)) : .template(try template(item)))
      }
      profile.texts.append((column, sources))
    }
  }

  // MARK: Pieces

  private func number(
    _ node: Node, _ quantity: Unit.Quantity
  ) throws(ProfileError) -> PayloadProfile.NumberSource {
    guard let standard = Unit.standard(quantity) else { throw fault(node, "no such column") }
    guard node.mapping != nil else {
      return PayloadProfile.NumberSource(at: try pointer(node), unit: .fixed(standard))
    }
    let mapping = try YAMLMapping(node, "a place", file, keys: ["at", "unit", "when"])
    var source = PayloadProfile.NumberSource(at: try pointer(mapping.required("at")), unit: .fixed(standard))
    if let node = mapping["when"] { source.conditions = try conditions(node) }
    guard let node = mapping["unit"] else { return source }
    guard node.mapping != nil else {
      source.unit = .fixed(try unit(node, quantity))
      return source
    }
    let told = try YAMLMapping(node, "unit", file, keys: ["at", "words", "otherwise"])
    let wordNode = try told.required("words")
    var words: [String: Unit] = [:]
    for (word, value) in try YAMLMapping(wordNode, "words", file, keys: nil).pairs {
      words[word] = try unit(value, quantity)
    }
    var otherwise: Unit?
    if let node = told["otherwise"] { otherwise = try unit(node, quantity) }
    source.unit = .told(at: try pointer(told.required("at")), words: words, otherwise: otherwise)
    return source
  }

  private func unit(_ node: Node, _ quantity: Unit.Quantity) throws(ProfileError) -> Unit {
    let name = try text(node)
    guard let unit = Unit.named(name), unit.quantity == quantity else {
      let names = Unit.all.filter { $0.quantity == quantity }.map(\.name)
      throw fault(node, "'\(name)' is no unit of \(quantity.rawValue); there are \(names.joined(separator: ", "))")
    }
    return unit
  }

  private func level(_ node: Node) throws(ProfileError) -> PayloadProfile.LevelSource {
    let high = ["true", "ON", "on", "HIGH"]
    let low = ["false", "OFF", "off", "LOW"]
    guard node.mapping != nil else {
      return PayloadProfile.LevelSource(at: try pointer(node), high: high, low: low)
    }
    let mapping = try YAMLMapping(node, "a place", file, keys: ["at", "high", "low", "when"])
    var source = PayloadProfile.LevelSource(at: try pointer(mapping.required("at")), high: high, low: low)
    if let node = mapping["when"] { source.conditions = try conditions(node) }
    if let node = mapping["high"] { source.high = try words(node) }
    if let node = mapping["low"] { source.low = try words(node) }
    return source
  }

  private func event(_ node: Node) throws(ProfileError) -> PayloadProfile.EventRule {
    let mapping = try YAMLMapping(node, "an event", file, keys: ["at", "is", "when", "event"])
    let name = try mapping.required("event")
    let event = try text(name)
    guard (1...24).contains(event.utf8.count) else { throw fault(name, "an event's name is 1 to 24 bytes long") }
    var rule = PayloadProfile.EventRule(event: event)
    if let node = mapping["at"] { rule.at = try pointer(node) }
    if let node = mapping["is"] {
      rule.words = try words(node)
      guard rule.at != nil else { throw fault(node, "'is' needs an 'at': the place that is looked at") }
    }
    if let node = mapping["when"] { rule.conditions = try conditions(node) }
    return rule
  }

  private func time(_ node: Node) throws(ProfileError) -> PayloadProfile.Time {
    guard node.mapping != nil else { return PayloadProfile.Time(at: try pointer(node), zone: nil) }
    let mapping = try YAMLMapping(node, "time", file, keys: ["at", "zone"])
    var time = PayloadProfile.Time(at: try pointer(mapping.required("at")), zone: nil)
    if let node = mapping["zone"] {
      let zone = try text(node)
      let bytes = Array(zone.utf8)
      let isOffset =
        bytes.count == 6 && (bytes[0] == 0x2B || bytes[0] == 0x2D) && bytes[3] == 0x3A
        && [1, 2, 4, 5].allSatisfy { (0x30...0x39).contains(bytes[$0]) }
      guard zone == "Z" || isOffset else { throw fault(node, "'\(zone)': a zone is Z or an offset such as \"+02:00\"") }
      time.zone = zone
    }
    return time
  }

  private func conditions(_ node: Node) throws(ProfileError) -> [PayloadProfile.Condition] {
    let mapping = try YAMLMapping(node, "when", file, keys: nil)
    var conditions: [PayloadProfile.Condition] = []
    for (capture, value) in mapping.pairs {
      conditions.append(PayloadProfile.Condition(capture: capture, glob: Glob(try text(value))))
    }
    return conditions
  }

  // MARK: Captures

  /// Every capture that is used must be there, and all pointers with one must mean the same member.
  private func checkCaptures(_ profile: PayloadProfile) throws(ProfileError) {
    let pointers = profile.memberPointers
    let members = Set(pointers.map { "\(JSONPointer(tokens: $0.beforeCapture ?? [])) \($0.capture ?? "")" })
    guard members.count <= 1,
      pointers.allSatisfy({ $0.tokens.count { if case .capture = $0 { true } else { false } } == 1 })
    else { throw ProfileError("\(file): a profile has one capture in its pointers, always at the same place") }
    guard !profile.isBareValue || pointers.isEmpty else {
      throw ProfileError("\(file): a payload that is one bare value has no members; its pointer is \"\"")
    }
    for topic in profile.topics {
      let known = Set(topic.names + pointers.compactMap(\.capture))
      var used = profile.device.names + profile.extras.flatMap { $0.name.names }
      used += profile.labels.flatMap { $0.text.names }
      used += profile.numbers.flatMap { $0.sources.flatMap { $0.conditions.map(\.capture) } }
      used += profile.levels.flatMap { $0.sources.flatMap { $0.conditions.map(\.capture) } }
      used += profile.events.flatMap { $0.conditions.map(\.capture) }
      for source in profile.texts.flatMap(\.sources) { if case .template(let text) = source { used += text.names } }
      if let missing = used.first(where: { !known.contains($0) }) {
        throw ProfileError("\(file): nothing captures {\(missing)} in the topic \(topic)")
      }
    }
  }

  // MARK: Scalars

  private func list(_ node: Node) throws(ProfileError) -> [Node] {
    guard let sequence = node.sequence else { return [node] }
    return Array(sequence)
  }

  private func text(_ node: Node) throws(ProfileError) -> String {
    guard let scalar = node.scalar else { throw fault(node, "one word or text is expected here") }
    return scalar.string
  }

  private func words(_ node: Node) throws(ProfileError) -> [String] {
    var words: [String] = []
    for item in try list(node) { words.append(try text(item)) }
    return words
  }

  private func choice<Value>(_ node: Node, _ values: [String: Value]) throws(ProfileError) -> Value {
    let word = try text(node)
    guard let value = values[word] else {
      throw fault(node, "'\(word)' is none of \(values.keys.sorted().joined(separator: ", "))")
    }
    return value
  }

  private func topics(_ node: Node) throws(ProfileError) -> [TopicPattern] {
    var topics: [TopicPattern] = []
    for item in try list(node) {
      let written = try text(item)
      topics.append(try at(item) { () throws(ProfileError) in try TopicPattern(written) })
    }
    return topics
  }

  private func pointer(_ node: Node) throws(ProfileError) -> JSONPointer {
    let written = try text(node)
    return try at(node) { () throws(ProfileError) in try JSONPointer(written) }
  }

  private func template(_ node: Node) throws(ProfileError) -> CaptureTemplate {
    let written = try text(node)
    return try at(node) { () throws(ProfileError) in try CaptureTemplate(written) }
  }

  private func at<Value>(_ node: Node, _ body: () throws(ProfileError) -> Value) throws(ProfileError) -> Value {
    do throws(ProfileError) { return try body() } catch { throw fault(node, error.description) }
  }

  private func fault(_ node: Node, _ words: String) -> ProfileError {
    ProfileError(YAMLMapping.place(node, file) + words)
  }
}

/// A mapping of the YAML whose keys are known.
private struct YAMLMapping {
  let pairs: [(key: String, value: Node)]
  private let node: Node
  private let file: String

  /// - Parameter keys: those it may have; `nil`: any.
  init(_ node: Node, _ what: String, _ file: String, keys: [String]?) throws(ProfileError) {
    self.node = node
    self.file = file
    guard let mapping = node.mapping else {
      throw ProfileError(Self.place(node, file) + "\(what) is a mapping, 'key: value' on each line")
    }
    var pairs: [(key: String, value: Node)] = []
    for (key, value) in mapping {
      guard let name = key.scalar?.string else { throw ProfileError(Self.place(key, file) + "a key is one word") }
      if let keys, !keys.contains(name) {
        throw ProfileError(
          Self.place(key, file) + "'\(name)' is no part of \(what); there are \(keys.joined(separator: ", "))")
      }
      guard !pairs.contains(where: { $0.key == name }) else {
        throw ProfileError(Self.place(key, file) + "'\(name)' comes twice")
      }
      pairs.append((name, value))
    }
    self.pairs = pairs
  }

  subscript(key: String) -> Node? { pairs.first { $0.key == key }?.value }

  func required(_ key: String) throws(ProfileError) -> Node {
    guard let value = self[key] else { throw ProfileError(Self.place(node, file) + "'\(key)' is missing") }
    return value
  }

  static func place(_ node: Node, _ file: String) -> String {
    guard let mark = node.mark else { return "\(file): " }
    return "\(file):\(mark.line):\(mark.column): "
  }
}
