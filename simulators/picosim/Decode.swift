import ArgumentParser
import Foundation
import RegisterDump

struct Decode: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print what the drivers make of a chip's registers.",
    discussion: """
      The file has lines such as `F7: 65 5A C0 7E ED 00 6B 4C`: an address or command, a colon, the bytes from there on, in
      hexadecimal. Read them on a Raspberry Pi with i2cdump or i2ctransfer.
      """)

  @Argument(help: "The chip: \(DecodableChip.allCases.map(\.rawValue).joined(separator: ", ")).")
  var chip: DecodableChip

  @Option(help: "The file with the registers, or - for standard input.")
  var registers: String

  func run() throws {
    let data =
      registers == "-"
      ? FileHandle.standardInput.readDataToEndOfFile() : try Data(contentsOf: URL(filePath: registers))
    do {
      print(try decodeRegisters(of: chip, RegisterDump(String(decoding: data, as: UTF8.self))), terminator: "")
    } catch let failure {
      throw ValidationError("\(registers): \(failure)")
    }
  }
}

extension DecodableChip: ExpressibleByArgument {}
