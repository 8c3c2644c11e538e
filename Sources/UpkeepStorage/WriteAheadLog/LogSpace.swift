/// How the log's file gets its space: allocated a segment at a time, zeroed and synced in steps ahead of the records.
///
/// A sync of zeros already written has no change of the file's own data to make durable; it is what keeps a commit to
/// one quick sync. Zeroing whole segments before the first commit would cost a store that is opened for a few changes
/// more than all else it does, so that the first step is small and the steps grow with the log.
enum LogSpace {
  /// Bytes zeroed by a call. Small, because Linux keeps in its cache the pieces that it was handed, and a later
  /// write of one record costs time in proportion to the piece that it falls in.
  private static let piece = 16 << 10
  /// Bytes prepared when a log is made.
  static let firstStep = 64 << 10
  /// A segment's last bytes that no record is begun in.
  static let lossAtEnd = 2 * (LogRecord.headerByteCount + LogRecord.alignment)

  /// Bytes prepared at a time where `position` bytes are: as much again, but not so much that a sync beside it waits.
  static func step(after position: UInt64) -> UInt64 { min(max(position, UInt64(firstStep)), 1 << 20) }

  /// What the records of a transaction may take at most.
  struct Need {
    let bytes: Int
    /// Bytes that a segment holds of it at least.
    let usable: Int

    /// - Parameter byteCount: of its operations.
    init(_ byteCount: Int, segmentSize: Int) {
      let space = segmentSize - LogSegment.headerByteCount
      let smallestPiece = min(space, LogRecord.longestPayload) - LogRecord.headerByteCount
      let records = byteCount / max(smallestPiece, 1) + 2
      // Each segment may lose a sector at its start and less than a record's least size at its end.
      bytes = byteCount + records * (LogRecord.headerByteCount + LogRecord.alignment) + LogRecord.sectorSize
      usable = space - lossAtEnd
    }

    /// Segments besides one of which `left` bytes are left.
    func segments(after left: Int) -> Int { bytes <= left ? 0 : (bytes - left) / usable + 1 }
  }

  static func allocate(_ range: Range<UInt64>, of file: StoreFile) throws(StorageError) {
    try file.allocate(range, .spare)
  }

  static func zero(_ range: Range<UInt64>, of file: StoreFile) throws(StorageError) {
    let zeros = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 4096)
    defer { zeros.deallocate() }
    zeros.initializeMemory(as: UInt8.self, repeating: 0)
    var at = range.lowerBound
    while at < range.upperBound {
      let part = Int(min(UInt64(piece), range.upperBound - at))
      try file.write(UnsafeRawBufferPointer(rebasing: zeros[..<part]), at: at, .spare)
      at += UInt64(part)
    }
  }
}
