import ConfigModel
import Foundation
import Testing

@Suite struct ConfigYAMLTests {
  @Test func theShippedExampleIsTheSameAfterYAML() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../gateway/ConfigServer/example/pico_iot_config.json")
    let document = try JSONValue(parsing: Array(Data(contentsOf: file)))
    let text = try ConfigYAML.text(of: document)
    #expect(try ConfigYAML.parse(text) == document)
    #expect(text.hasPrefix("device_list:\n- device_id: Attic06\n  name: Attic\n  enabled: 1\n"))
    #expect(text.contains("\n  i2c_temp_sensor_pins:\n    i2c_scl: 5\n"))
  }

  @Test(arguments: [
    ##"{"a":"yes","b":"no","c":"null","d":"1","e":"1.0","f":"","g":"0x1F","h":"~","i":"- a","j":"# no","k":"a: b"}"##,
    #"{"true":1,"1":2,"on":3,"":4,"a b":5,"é😀":"é😀","q":"\"\\\n\t\u0001"}"#,
    #"{"big":9007199254740993,"money":1.10,"exponent":1E+400,"minus":-0,"list":[1,"1",true,"true",null,[]],"o":{}}"#,
    #"[{"a":[{"b":[[1],[2]]}]}]"#, "null", #""""#, "[]", "{}",
  ])
  func anyDocumentIsTheSameAfterYAML(text: String) throws {
    let document = try JSONValue(parsing: Array(text.utf8))
    #expect(try ConfigYAML.parse(try ConfigYAML.text(of: document)) == document)
  }

  @Test(arguments: [
    ("a: 1\na: 2\n", "twice"), ("a: [1\n", "line 2"), ("a: *b\n", "alias"), ("a: &x {b: 1}\nc: {<<: *x}\n", "<<"),
    ("? [1]\n: 2\n", "a key must be a word"),
  ])
  func whatIsNoConfigurationIsRefusedWithTheReason(text: String, reason: String) {
    let error = #expect(throws: ConfigYAML.SyntaxError.self) { try ConfigYAML.parse(text) }
    #expect(error?.description.contains(reason) == true, "\(error.map(String.init(describing:)) ?? "")")
  }

  @Test func aFewLinesThatMeanBillionsAreRefused() {
    var text = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
    for level in 1...9 {
      let one = "*a\(level - 1)"
      text += "a\(level): &a\(level) [\(Array(repeating: one, count: 9).joined(separator: ","))]\n"
    }
    let error = #expect(throws: ConfigYAML.SyntaxError.self) { try ConfigYAML.parse(text) }
    #expect(error?.reason == "it means more than 1000000 values")
  }

  @Test(arguments: [60_000, 900, 70])
  func deepNestingIsRefusedBeforeTheStackEnds(depth: Int) {
    #expect(throws: ConfigYAML.SyntaxError.self) {
      try ConfigYAML.parse(String(repeating: "[", count: depth) + String(repeating: "]", count: depth))
    }
  }
}
