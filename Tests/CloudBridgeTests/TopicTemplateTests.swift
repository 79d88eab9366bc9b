import Testing

@testable import CloudBridge

@Suite struct TopicTemplateTests {
  @Test func placeholdersAreReplacedAndNothingInADevicesNameIs() throws {
    let template = try TopicTemplate("sites/{gateway}/x-{base}/{device}")
    #expect(
      template.topic(base: "iots6", device: "{base}", gateway: "attic") == "sites/attic/x-iots6/{base}")
    #expect(TopicTemplate.same.topic(base: "a/b", device: "Attic06", gateway: "g") == "a/b/Attic06")
  }

  @Test func onlyADeviceAtTheEndCanBeHeardByAnotherGateway() throws {
    #expect(TopicTemplate.same.endsWithDevice)
    #expect(try !TopicTemplate("{device}/readings").endsWithDevice)
  }

  @Test(arguments: [
    "iots6", "{device}/{device}", "x{device}", "+/{device}", "#/{device}", "{devise}/{device}", "/{device}",
    "{device}/",
    "$aws/{device}", String(repeating: "a", count: 300) + "/{device}",
  ])
  func whatIsNoTopicIsRefused(text: String) {
    #expect(throws: TopicTemplate.Fault.self) { try TopicTemplate(text) }
  }
}

@Suite struct BrokerRulesTests {
  @Test func awsTakesWhatItsQuotasSay() {
    let aws = BrokerRules.awsIoTCore
    #expect(aws.fault(topic: String(repeating: "a", count: 256), payloadBytes: 131_072) == nil)
    #expect(aws.fault(topic: "a/b/c/d/e/f/g/h", payloadBytes: 1) == nil)
    #expect(
      aws.fault(topic: String(repeating: "a", count: 257), payloadBytes: 1)
        == "the topic has 257 bytes; AWS IoT Core takes 256")
    #expect(aws.fault(topic: "a/b/c/d/e/f/g/h/i", payloadBytes: 1) == "the topic has 8 slashes; AWS IoT Core takes 7")
    #expect(aws.fault(topic: "a", payloadBytes: 131_073) == "the payload has 131073 bytes; AWS IoT Core takes 131072")
    #expect(
      aws.fault(topic: "$SYS/a", payloadBytes: 1) == "the topic begins with $; AWS IoT Core keeps those for itself")
    // Bytes, not characters.
    #expect(aws.fault(topic: String(repeating: "ä", count: 129), payloadBytes: 1) != nil)
  }

  @Test func otherBrokersAreHeldToMQTTAlone() {
    #expect(BrokerRules.mqtt.fault(topic: "a/b/c/d/e/f/g/h/i/j", payloadBytes: 1 << 20) == nil)
    #expect(BrokerRules.mqtt.fault(topic: String(repeating: "a", count: 65_536), payloadBytes: 1) != nil)
  }
}
