/// Entity tags (RFC 9110 section 8.8.3).
public enum EntityTag {
  /// The tag of these very bytes: length and FNV-1a of 64 bits. No defence against an adversary, and none is needed:
  /// who can write the file needs no collision.
  public static func strong(_ bytes: some Sequence<UInt8>) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    var length = 0
    for byte in bytes {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
      length += 1
    }
    return "\"\(String(length, radix: 16))-\(String(hash, radix: 16))\""
  }

  /// Whether an If-None-Match field names the tag: `*`, or a list, compared weakly as the RFC wants it there.
  public static func matches(_ field: String, _ etag: String) -> Bool {
    field.split(separator: ",").contains { candidate in
      var candidate = candidate.drop { $0 == " " || $0 == "\t" }
      while candidate.last == " " || candidate.last == "\t" { candidate.removeLast() }
      if candidate == "*" { return true }
      if candidate.hasPrefix("W/") { candidate = candidate.dropFirst(2) }
      return candidate == etag
    }
  }
}
