import ArgumentParser
import Foundation

/// How a command ends when it cannot go on: one line for a person, and an exit code.
enum Failure {
  /// Runs `body`; a fault becomes a line on standard error and exit code 1.
  static func reported(_ body: () async throws -> Void) async throws {
    do {
      try await body()
    } catch let exit as ExitCode {
      throw exit
    } catch {
      FileHandle.standardError.write(Data("martlet: \(error)\n".utf8))
      throw ExitCode.failure
    }
  }
}
