/// The reference of all keys, as it stands in docs/configuration.md.
public enum ConfigReference {
  /// Tables by topic, in Markdown.
  public static var markdown: String {
    var text = ""
    for topic in ConfigField.Topic.allCases {
      text += "### \(topic.rawValue)\n\n| key | value | built in | followed by | meaning |\n|---|---|---|---|---|\n"
      for field in ConfigSchema.fields where field.topic == topic {
        let unit = field.unit.isEmpty ? "" : " \(field.unit)"
        let standard = field.standard.map { "`\($0.compact)`" } ?? ""
        var meaning = field.help
        if field.isSecret { meaning += " **Secret.**" }
        text +=
          "| `\(field.name)` | \(field.kind.range)\(unit) | \(standard) | \(field.reader.rawValue) | \(meaning) |\n"
      }
      text += "\n"
    }
    text.removeLast()
    return text
  }
}
