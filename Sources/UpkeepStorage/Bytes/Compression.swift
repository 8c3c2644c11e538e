import CLZ4

/// LZ4 block compression (liblz4), bounded on both sides.
enum Compression {
  /// Compresses into `target`.
  ///
  /// - Returns: the bytes used, or nil if `target` is too small to hold the result.
  static func compress(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int? {
    guard let from = source.baseAddress, let to = target.baseAddress,
      source.count <= Int(Int32.max), target.count <= Int(Int32.max)
    else { return nil }
    let used = LZ4_compress_default(
      from.assumingMemoryBound(to: CChar.self), to.assumingMemoryBound(to: CChar.self), Int32(source.count),
      Int32(target.count))
    return used > 0 ? Int(used) : nil
  }

  /// Decompresses into `target`, which must be exactly as long as the original.
  ///
  /// - Returns: false for anything malformed, or of another length. Never writes beyond `target`.
  static func decompress(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Bool
  {
    guard let from = source.baseAddress, let to = target.baseAddress,
      source.count <= Int(Int32.max), target.count <= Int(Int32.max)
    else { return false }
    let made = LZ4_decompress_safe(
      from.assumingMemoryBound(to: CChar.self), to.assumingMemoryBound(to: CChar.self), Int32(source.count),
      Int32(target.count))
    return Int(made) == target.count
  }
}
