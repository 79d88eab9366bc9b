import CZlib

/// The gzip format (RFC 1952); the only Swift file that touches zlib.
enum Gzip {
  /// The bytes compressed, without a name or a time, so that equal bytes stay equal; `nil` where memory runs out.
  static func compress(_ bytes: [UInt8]) -> [UInt8]? {
    var stream = z_stream()
    guard martlet_gzip_begin(&stream) == Z_OK else { return nil }
    defer { deflateEnd(&stream) }
    // The bound holds for one call with everything.
    var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))))
    var input = bytes
    let isDone = input.withUnsafeMutableBufferPointer { source in
      output.withUnsafeMutableBufferPointer { target in
        stream.next_in = source.baseAddress
        stream.avail_in = UInt32(source.count)
        stream.next_out = target.baseAddress
        stream.avail_out = UInt32(target.count)
        return deflate(&stream, Z_FINISH) == Z_STREAM_END
      }
    }
    guard isDone else { return nil }
    output.removeLast(Int(stream.avail_out))
    return output
  }
}
