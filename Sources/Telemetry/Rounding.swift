/// The quotient to the nearest whole number, halves away from zero: 5 / 2 is 3, −5 / 2 is −3.
///
/// This is the one rounding rule of the device; whatever turns a finer unit into a coarser one calls it, so that every
/// implementation prints the same last digit.
///
/// - Parameters:
///   - value: any value.
///   - divisor: greater than zero; anything else is a programmer's error.
/// - Returns: within ½ of the exact quotient; cannot overflow.
public func roundedDivision(_ value: Int32, by divisor: Int32) -> Int32 {
  precondition(divisor > 0)
  let quotient = value / divisor
  let remainder = (value % divisor).magnitude
  // 2·remainder ≥ divisor, written so that it cannot overflow: the remainder is smaller than the divisor.
  guard remainder >= divisor.magnitude - remainder else { return quotient }
  return value < 0 ? quotient - 1 : quotient + 1
}

/// The quotient to the nearest whole number, halves away from zero, of 64-bit values.
///
/// - Parameters:
///   - value: any value.
///   - divisor: greater than zero; anything else is a programmer's error.
/// - Returns: within ½ of the exact quotient; cannot overflow.
public func roundedDivision(_ value: Int64, by divisor: Int64) -> Int64 {
  precondition(divisor > 0)
  let quotient = value / divisor
  let remainder = (value % divisor).magnitude
  guard remainder >= divisor.magnitude - remainder else { return quotient }
  return value < 0 ? quotient - 1 : quotient + 1
}
