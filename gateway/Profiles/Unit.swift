import Telemetry

/// What a profile can turn into a column's unit: a linear map in whole numbers, so that no binary fraction comes near.
///
/// `column = (value + offset) · factor`, in the column's own last digit, rounded half away from zero once.
struct Unit: Sendable, Equatable {
  /// The columns that take numbers.
  enum Quantity: String, Sendable, Equatable {
    case temperature, humidity, pressure, rssi, uptime

    /// What the column holds, as whole numbers: −100 … 200 °C, 0 … 100 %, 0 … 2000 hPa, −200 … 100 dBm, 0 … 2⁵³ ms.
    var range: ClosedRange<Int64> {
      switch self {
      case .temperature: -10_000...20_000
      case .humidity: 0...10_000
      case .pressure: 0...200_000
      case .rssi: -200...100
      case .uptime: 0...(1 << 53)
      }
    }

    /// The range for a person.
    var words: String {
      switch self {
      case .temperature: "-100 to 200 °C"
      case .humidity: "0 to 100 %"
      case .pressure: "0 to 2000 hPa"
      case .rssi: "-200 to 100 dBm"
      case .uptime: "0 to 2^53 ms"
      }
    }
  }

  let name: String
  let quantity: Quantity
  /// Added first, in units of 10⁻⁹.
  private let offset: Int64
  private let numerator: Int64
  private let denominator: Int64

  private init(
    _ name: String, _ quantity: Quantity, offset: Int64 = 0, _ numerator: Int64, per denominator: Int64 = 1
  ) {
    self.name = name
    self.quantity = quantity
    self.offset = offset
    self.numerator = numerator
    self.denominator = denominator
  }

  /// Every unit. Factors of pressure: NIST SP 811 appendix B.8 (conventional mmHg and inHg, psi); 0 °C = 273.15 K and
  /// (F − 32)/1.8 are the definitions.
  static let all: [Unit] = [
    Unit("celsius", .temperature, 100),
    Unit("fahrenheit", .temperature, offset: -32_000_000_000, 500, per: 9),
    Unit("kelvin", .temperature, offset: -273_150_000_000, 100),
    Unit("percent", .humidity, 100),
    Unit("fraction", .humidity, 10_000),
    Unit("Pa", .pressure, 1),
    Unit("hPa", .pressure, 100),
    Unit("mbar", .pressure, 100),
    Unit("kPa", .pressure, 1000),
    Unit("bar", .pressure, 100_000),
    Unit("inHg", .pressure, 3_386_389, per: 1000),
    Unit("mmHg", .pressure, 133_322_400, per: 1_000_000),
    Unit("psi", .pressure, 6_894_757, per: 1000),
    Unit("dBm", .rssi, 1),
    Unit("ms", .uptime, 1),
    Unit("s", .uptime, 1000),
    Unit("min", .uptime, 60_000),
    Unit("h", .uptime, 3_600_000),
    Unit("d", .uptime, 86_400_000),
  ]

  static func named(_ name: String) -> Unit? { all.first { $0.name == name } }

  /// The unit a column takes where a profile names none.
  static func standard(_ quantity: Quantity) -> Unit? { all.first { $0.quantity == quantity } }

  /// The number in the column's last digit, or `nil` outside the column's range.
  ///
  /// The text is read to nine digits behind the point (an uptime to three); what is beyond does not reach a hundredth.
  func convert(_ number: JSONSlice, in text: borrowing Span<UInt8>) -> Int64? {
    // Milliseconds need more room above the point than nine digits behind it leave.
    let decimals = quantity == .uptime ? 3 : 9
    guard let value = number.fixedPoint(decimals: decimals, in: text) else { return nil }
    let scaled = (Int128(value) + Int128(offset)) * Int128(numerator)
    let divisor = Int128(denominator) * (quantity == .uptime ? 1000 : 1_000_000_000)
    let half = divisor / 2
    let rounded = scaled < 0 ? -((-scaled + half) / divisor) : (scaled + half) / divisor
    guard let result = Int64(exactly: rounded), quantity.range.contains(result) else { return nil }
    return result
  }
}
