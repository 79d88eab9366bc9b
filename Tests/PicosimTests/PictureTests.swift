import ArgumentParser
import Testing

@testable import picosim

@Suite struct PictureTests {
  @Test func checksumsAreThePublishedOnes() {
    // PNG section 5.3: every file ends with this checksum of "IEND". RFC 1950's sum of "Wikipedia" is widely published.
    #expect(PNG.crc(Array("IEND".utf8)) == 0xAE42_6082)
    #expect(PNG.adler(Array("Wikipedia".utf8)) == 0x11E6_0398)
  }

  @Test func aPictureIsAWholeFileWithEachPixelEnlarged() {
    let file = PNG(width: 16, height: 2, scale: 2) { x, y in x == 0 && y == 0 }.bytes
    #expect(file.prefix(8) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
    #expect(file[16..<24] == [0, 0, 0, 32, 0, 0, 0, 4])
    #expect(file.suffix(8) == [0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82])
    // Signature, header, palette, then length and name of the data, two bytes of zlib, five of a stored block.
    let rows = Array(file[(8 + 25 + 18 + 8 + 7)...].prefix(20))
    #expect(rows == [0, 0xC0, 0, 0, 0, 0, 0xC0, 0, 0, 0] + [UInt8](repeating: 0, count: 10))
  }

  @Test func aLargePictureNeedsSeveralBlocks() {
    let file = PNG(width: 128, height: 64, scale: 16) { _, _ in true }.bytes
    #expect(file.count > 2 * 65_535)
    let first = Array(file[(8 + 25 + 18 + 8 + 2)...].prefix(5))
    #expect(first == [0, 0xFF, 0xFF, 0, 0])
  }

  @Test func blocksAndBrailleShowTheSamePanel() throws {
    var plan = Fleet.Plan(names: ["Attic06"], endpoints: try Endpoints.parse([]))
    plan.network = .pretend
    plan.speed = .max
    let fleet = try Fleet(plan)
    fleet.run(until: 10_000)
    let pico = fleet.picos[0]
    let (blocks, braille) = (
      Picture.frame(of: pico.board, braille: false), Picture.frame(of: pico.board, braille: true)
    )
    #expect(blocks.count == 34 && braille.count == 18)
    #expect((blocks + braille).allSatisfy { $0.count == 66 })
    let lit = Pixels(of: pico.board).packed.reduce(0) { $0 + $1.nonzeroBitCount }
    #expect(lit > 500)
    let dots = braille[1...16].joined().unicodeScalars.filter { (0x2800...0x28FF).contains($0.value) }
    #expect(dots.reduce(0) { $0 + ($1.value - 0x2800).nonzeroBitCount } == lit)
  }
}
