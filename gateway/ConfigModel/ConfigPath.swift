/// A place in a configuration document, as people write it: `device_list[0].mqtt_config.port`.
///
/// An entry of `device_list` may also be named by its device: `device_list[Attic06].name`. Keys that are not made of
/// letters, digits, `_` and `-` are written in brackets and quotes: `iot_server_config["a b"]`.
///
/// ```swift
/// let path = try ConfigPath("device_list[Attic06].heartbeat_publish_period")
/// document[path]  // 5000
/// ```
public struct ConfigPath: Sendable, Hashable, CustomStringConvertible {
  /// One step into a document.
  public enum Step: Sendable, Hashable {
    /// A member of an object.
    case key(String)
    /// An element of an array, from 0.
    case index(Int)
    /// The element of an array of devices whose `device_id` this is.
    case device(String)
  }

  /// A text that is no path, and why.
  public struct SyntaxError: Error, Equatable, CustomStringConvertible {
    /// The text.
    public var text: String
    /// What is wrong.
    public var reason: String
    /// Both, and what a path looks like.
    public var description: String {
      "'\(text)' is no path: \(reason); a path looks like device_global_config.heartbeat_publish_period or device_list[Attic06].name"
    }
  }

  /// The steps from the document's root on.
  public var steps: [Step]

  /// A path of steps; none is the whole document.
  public init(_ steps: [Step] = []) {
    self.steps = steps
  }

  /// The path that `text` says; the empty text and `.` are the whole document.
  public init(_ text: String) throws(SyntaxError) {
    steps = []
    var rest = text[...]
    if text == "." { rest = "" }
    while let first = rest.first {
      if first == "[" {
        guard let end = rest.firstIndex(of: "]") else {
          throw SyntaxError(text: text, reason: "a ] is missing")
        }
        let inside = rest[rest.index(after: rest.startIndex)..<end]
        if inside.hasPrefix("\""), inside.hasSuffix("\""), inside.count >= 2 {
          steps.append(.key(String(inside.dropFirst().dropLast())))
        } else if let index = Int(inside), index >= 0 {
          steps.append(.index(index))
        } else if DeviceID.fault(of: String(inside)) == nil {
          steps.append(.device(String(inside)))
        } else {
          throw SyntaxError(text: text, reason: "in brackets stands a number, a device's id, or a key in quotes")
        }
        rest = rest[rest.index(after: end)...]
      } else {
        if first == "." {
          guard !steps.isEmpty else { throw SyntaxError(text: text, reason: "it begins with a point") }
          rest.removeFirst()
        } else if !steps.isEmpty {
          throw SyntaxError(text: text, reason: "after a ] a point is due")
        }
        let key = rest.prefix { $0 != "." && $0 != "[" }
        guard !key.isEmpty else { throw SyntaxError(text: text, reason: "a key is missing") }
        steps.append(.key(String(key)))
        rest = rest[key.endIndex...]
      }
    }
  }

  /// The place of a member below this one.
  public func appending(_ key: String) -> ConfigPath { ConfigPath(steps + [.key(key)]) }

  /// The place of an element below this one.
  public func appending(_ index: Int) -> ConfigPath { ConfigPath(steps + [.index(index)]) }

  /// As people write it; `.` is the whole document.
  public var description: String {
    var text = ""
    for step in steps {
      switch step {
      case .index(let index): text += "[\(index)]"
      case .device(let id): text += "[\(id)]"
      case .key(let key):
        let isPlain = !key.isEmpty && key.utf8.allSatisfy(DeviceID.isAllowed)
        text += isPlain ? (text.isEmpty ? key : ".\(key)") : "[\"\(key)\"]"
      }
    }
    return text.isEmpty ? "." : text
  }
}

extension JSONValue {
  /// The value at a place, or `nil` where there is none.
  public subscript(path: ConfigPath) -> JSONValue? {
    var value = self
    for step in path.steps {
      guard let next = value.child(step) else { return nil }
      value = next
    }
    return value
  }

  private func child(_ step: ConfigPath.Step) -> JSONValue? {
    switch step {
    case .key(let key): self[key]
    case .index, .device: elements.flatMap { elements in index(step, in: elements).map { elements[$0] } }
    }
  }

  private func index(_ step: ConfigPath.Step, in elements: [JSONValue]) -> Int? {
    switch step {
    case .key: nil
    case .index(let index): elements.indices.contains(index) ? index : nil
    case .device(let id): elements.firstIndex { $0["device_id"]?.text == id }
    }
  }

  /// Sets the value at a place, making the objects on the way; a device that is not in the list is added to it.
  ///
  /// - Parameter value: `nil` removes what is there.
  /// - Returns: whether it could: an array has no element of that number, or something on the way is neither object nor array.
  public mutating func set(_ path: ConfigPath, to value: JSONValue?) -> Bool {
    set(path.steps[...], to: value)
  }

  private mutating func set(_ steps: ArraySlice<ConfigPath.Step>, to new: JSONValue?) -> Bool {
    guard let step = steps.first else {
      guard let new else { return false }
      self = new
      return true
    }
    let rest = steps.dropFirst()
    switch (step, self) {
    case (.key(let key), .object(var members)):
      let index = members.firstIndex { $0.key == key }
      if rest.isEmpty, new == nil {
        guard let index else { return false }
        members.remove(at: index)
      } else {
        var child = index.map { members[$0].value } ?? Self.empty(before: rest.first)
        guard child.set(rest, to: new) else { return false }
        if let index { members[index].value = child } else { members.append(Member(key: key, value: child)) }
      }
      self = .object(members)
      return true
    case (.device, .array(var elements)), (.index, .array(var elements)):
      var index = index(step, in: elements)
      if index == nil, new != nil, case .device(let id) = step {
        elements.append(.object([Member(key: "device_id", value: .string(id))]))
        index = elements.count - 1
      }
      guard let index else { return false }
      if rest.isEmpty, new == nil {
        elements.remove(at: index)
      } else {
        guard elements[index].set(rest, to: new) else { return false }
      }
      self = .array(elements)
      return true
    case (.key, _), (.device, _), (.index, _): return false
    }
  }

  private static func empty(before step: ConfigPath.Step?) -> JSONValue {
    switch step {
    case .index?, .device?: .array([])
    case .key?, nil: .object([])
    }
  }
}
