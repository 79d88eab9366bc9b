import GatewayCore

extension SinkPosition {
  /// The stretches ahead as an `int8multirange`: `{[901,950],[970,980]}`.
  var aheadText: String {
    "{" + ahead.map { "[\($0.lowerBound),\($0.upperBound)]" }.joined(separator: ",") + "}"
  }

  /// The stretches of an `int8multirange` as PostgreSQL prints it, `{[901,951),[970,981)}`; what is none of those is left out.
  static func stretches(_ text: String) -> [ClosedRange<Int64>] {
    text.split(separator: "[").compactMap { part in
      let numbers = part.split { !$0.isNumber && $0 != "-" }.prefix(2).compactMap { Int64($0) }
      return numbers.count == 2 && numbers[0] < numbers[1] ? numbers[0]...numbers[1] - 1 : nil
    }
  }
}
