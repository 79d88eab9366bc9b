import Glibc

/// Why a bus, a line or a channel of this machine cannot be used, and what to do about it.
///
///     do { bus = try LinuxI2CBus(1) } catch { print(error) }
///     // /dev/i2c-1: no such file or directory; there is no I²C bus 1 (…): on a Raspberry Pi set dtparam=i2c_arm=on …
public struct LinuxHALError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What kind of failure it is.
  public enum Code: Equatable, Sendable {
    /// No such device, line or channel.
    case missing
    /// The user may not open it.
    case noPermission
    /// Somebody else holds it.
    case busy
    /// It is there, and cannot do what was asked of it.
    case unsuitable
    /// The kernel refused for another reason.
    case failed
  }

  /// What kind of failure it is.
  public let code: Code
  /// The device's path, with the line or channel where there is one.
  public let device: String
  /// What happened, in the kernel's words where it said something.
  public let cause: String
  /// What to do.
  public let remedy: String

  /// An error with everything a person needs to know.
  public init(_ code: Code, device: String, cause: String, remedy: String) {
    self.code = code
    self.device = device
    self.cause = cause
    self.remedy = remedy
  }

  /// One line: device, cause, remedy.
  public var description: String { "\(device): \(cause); \(remedy)" }

  /// What an `errno` means by itself.
  static func code(of errno: Int32) -> Code {
    switch errno {
    case ENOENT, ENXIO, ENODEV: .missing
    case EACCES, EPERM: .noPermission
    case EBUSY: .busy
    case ENOTTY, EOPNOTSUPP, ENOTSUP, EINVAL: .unsuitable
    default: .failed
    }
  }

  /// The C library's words for an `errno`, beginning in lower case as they follow a colon.
  static func words(for errno: Int32) -> String {
    let text = String(cString: strerror(errno))
    guard let first = text.first, text.dropFirst().first?.isUppercase != true else { return text }
    return first.lowercased() + text.dropFirst()
  }

  /// How to let a user open what belongs to a group.
  static func membership(of group: String) -> String {
    "add the user to the group \(group) (sudo usermod --append --groups \(group) USER) and log in again"
  }
}
