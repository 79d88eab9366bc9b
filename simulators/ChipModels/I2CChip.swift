/// A chip on a simulated bus, at the level of the bytes it is sent and asked for.
///
/// The bus calls `advance` with the present time before anything else, so a chip's work is done when it is looked at.
public protocol I2CChip: AnyObject {
  /// Its 7-bit address.
  var address: UInt8 { get }
  /// What a driver did that this chip's datasheet does not allow; a correct driver leaves it empty.
  var complaints: [String] { get }
  /// Lets everything happen that happens until `microseconds` since the start.
  func advance(to microseconds: UInt64)
  /// Whether it answers to its address now.
  func acknowledges() -> Bool
  /// Whether it answers now to its address with the read bit; some chips do not while they have nothing to say.
  func acknowledgesRead() -> Bool
  /// Takes the bytes after the address; there may be none.
  ///
  /// - Returns: how many it acknowledged.
  func write(_ bytes: [UInt8]) -> Int
  /// Gives the bytes that the controller clocks out.
  func read(_ count: Int) -> [UInt8]
  /// Loses its supply and gets it back at `microseconds`: everything is as after a power-up.
  func powerCycle(at microseconds: UInt64)
}

extension I2CChip {
  /// As to its address with the write bit.
  public func acknowledgesRead() -> Bool { acknowledges() }
}
