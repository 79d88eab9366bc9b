import ChipModels
import Display
import Foundation
import HAL
import Testing

/// Compares a frame with the text art in `golden/NAME.txt`; `UPDATE_GOLDEN=1` rewrites the file, to be read in the diff.
func expectGolden(_ name: String, _ art: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
  let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("golden")
  let file = folder.appendingPathComponent("\(name).txt")
  if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
    try art.write(to: file, atomically: true, encoding: .utf8)
    return
  }
  let golden = (try? String(contentsOf: file, encoding: .utf8)) ?? "(no file \(file.lastPathComponent))\n"
  if golden != art {
    Issue.record("\(name) differs; golden:\n\(golden)\ndrawn:\n\(art)", sourceLocation: sourceLocation)
  }
}

/// A canvas, a simulated display, and the driver between them. A class, because test macros copy what they look at.
final class Easel {
  let bus = SimulatedI2CBus()
  let panel = SSD1306Model()
  var canvas = Canvas()
  var display: SSD1306<SimulatedI2CBus>

  init() {
    bus.isTracing = true
    display = SSD1306(bus: bus)
  }

  func show(now: UInt32) -> Bool { display.show(&canvas, now: now) }

  func isLit(x: Int, y: Int) -> Bool { canvas.isLit(x: x, y: y) }

  func byte(_ index: Int) -> UInt8 { Self.bytes(of: canvas)[index] }

  /// Whether the panel holds exactly the canvas.
  var isShown: Bool { Self.bytes(of: canvas) == panel.memory }

  private static func bytes(of canvas: borrowing Canvas) -> [UInt8] {
    let bytes = canvas.bytes
    return bytes.indices.map { bytes[$0] }
  }

  /// The upper left corner as text art.
  func corner(width: Int, height: Int) -> [String] {
    (0..<height).map { y in String((0..<width).map { x in canvas.isLit(x: x, y: y) ? "#" : "." }) }
  }

  /// What a person sees of the canvas, after it went over the bus.
  func seen() -> String {
    bus.attach(panel)
    display.show(&canvas, now: 0)
    #expect(panel.complaints == [])
    return panel.art
  }
}
