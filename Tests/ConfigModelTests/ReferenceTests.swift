import ConfigModel
import Foundation
import Testing

@Suite struct ReferenceTests {
  @Test func theReferenceInTheDocumentationIsThatOfTheSchema() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/configuration.md")
    let text = try String(contentsOf: file, encoding: .utf8)
    let begin = "<!-- From here on written by the schema (gateway/ConfigModel); UPDATE_GOLDEN=1 writes it anew. -->\n\n"
    let start = try #require(text.range(of: begin)?.upperBound)
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
      try (text[..<start] + ConfigReference.markdown).write(to: file, atomically: true, encoding: .utf8)
    } else {
      #expect(text[start...] == ConfigReference.markdown, "run: UPDATE_GOLDEN=1 swift test --filter ReferenceTests")
    }
  }
}
