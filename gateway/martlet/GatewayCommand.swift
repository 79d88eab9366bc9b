import ArgumentParser

struct GatewayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gateway",
    abstract: "Take readings from the broker, keep them, deliver them, show them.",
    discussion: """
      Runs until SIGTERM or Ctrl-C, then drains: what was read is committed and acknowledged, what is journaled is
      delivered, as far as that is done in gateway.drainSeconds. Nothing is lost if it is not: the journal keeps it.
      """)

  @OptionGroup var options: SettingsOptions

  func run() async throws {
    try await Failure.reported {
      try await Gateway(settings: Settings.read(options)).run()
    }
  }
}
