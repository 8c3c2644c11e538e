/// Reads a log that a crash may have left: decides, for each record, whether it counts, is the torn tail, or
/// is damage. It writes nothing.
struct LogReader {
  private struct Place {
    let index: Int
    let header: LogSegment?
  }

  let file: StoreFile
  let superblock: Superblock
  private let segmentSize: Int
  private let places: [Place]
  private let bySequence: [UInt64: Int]

  /// Looks at every segment of the log and checks that it belongs to the superblock.
  ///
  /// - Throws: `logMismatch` for another database's log; `corrupt` where the superblock is older than the
  ///   log, or the log shorter than it says.
  init(file: StoreFile, superblock: Superblock, databasePath: String) throws(StorageError) {
    self.file = file
    self.superblock = superblock
    segmentSize = superblock.segmentSize
    let size = try file.size()
    // A log has two places from its creation on: a shorter file is not whole.
    let count = Int(min(size / UInt64(segmentSize), UInt64(Int32.max)))
    var places: [Place] = []
    var bySequence: [UInt64: Int] = [:]
    var foreign = 0
    var promised = 0
    for index in 0..<count {
      let bytes = try Self.read(
        file, at: UInt64(index) * UInt64(segmentSize), count: LogSegment.headerByteCount)
      let decoded = bytes.withUnsafeBytes { LogSegment.decode($0) }
      guard let header = decoded else {
        places.append(Place(index: index, header: nil))
        continue
      }
      guard header.databaseID == superblock.databaseID, header.segmentSize == segmentSize else {
        foreign += 1
        places.append(Place(index: index, header: nil))
        continue
      }
      guard Self.isReached(header, by: superblock) else {
        throw .corrupt(
          file: databasePath, place: "superblock",
          reason:
            "the log continues generation \(header.superblockGeneration), the newest one that can be read is "
            + "\(superblock.generation)")
      }
      places.append(Place(index: index, header: header))
      promised = max(promised, header.segmentCount)
      // The file grows at its end, and a crash may leave anything there, a copy of another sector too: of two
      // segments that say the same, the first is the real one.
      if header.salt == superblock.logSalt, bySequence[header.sequence] == nil {
        bySequence[header.sequence] = index
      }
    }
    if foreign > 0, bySequence.isEmpty {
      throw .logMismatch(file: file.path, reason: "it is the log of another database than \(databasePath)")
    }
    guard count >= promised else {
      throw .corrupt(
        file: file.path, place: "byte \(size)", reason: "the log is cut short: it had \(promised) segments")
    }
    self.places = places
    self.bySequence = bySequence
  }

  private static func isReached(_ header: LogSegment, by superblock: Superblock) -> Bool {
    #if UPKEEP_PLANTS
      if Plant.isOn(.ignoresNewerLog) { return true }
    #endif
    return header.superblockGeneration <= superblock.generation
  }

  /// Whether the log belongs to the generation that the superblock names.
  var continuesSuperblock: Bool { superblock.logSalt != 0 && !bySequence.isEmpty }

  /// Whether any segment of it, of whatever generation, was written for this database.
  func belongsToDatabase() -> Bool { places.contains { $0.header != nil } }

  /// Whether any whole record header lies in the log, of whatever generation.
  func holdsAnyRecord() throws(StorageError) -> Bool {
    for place in places {
      guard let header = place.header else { continue }
      let bytes = try segment(place.index)
      let position = LogPosition(
        sequence: header.sequence, offset: LogSegment.headerByteCount, segmentSize: segmentSize)
      let found = bytes.withUnsafeBytes { buffer in
        buffer.part(LogSegment.headerByteCount, buffer.count - LogSegment.headerByteCount)
          .flatMap { LogRecord.decode($0, salt: header.salt, at: position) } != nil
      }
      if found { return true }
    }
    return false
  }

  /// What a replay found.
  struct Replayed {
    /// The last version, and where the records that count end.
    let version: UInt64
    let end: LogPosition
    let chain: UInt64
    /// The segments that hold them, oldest first; nil where more can follow than those, so that the log ends here.
    var segments: [Segment]?

    struct Segment {
      let sequence: UInt64
      let place: Int
      let bytes: [UInt8]
      /// Where its records are that count.
      let records: Range<Int>
    }
  }

  /// Gives every complete transaction after the superblock's to `apply`, in order.
  ///
  /// - Parameter longest: bytes of records beyond which the log is not gone on with.
  func replay(
    longest: Int,
    _ apply: (_ version: UInt64, _ operations: UnsafeRawBufferPointer) throws(StorageError) -> Void
  ) throws(StorageError) -> Replayed {
    var segments: [Replayed.Segment] = []
    var from = LogSegment.headerByteCount
    var kept = 0
    func keep(_ sequence: UInt64, _ bytes: [UInt8], to end: LogPosition) {
      let to =
        end.sequence(segmentSize: segmentSize) == sequence
        ? end.offset(segmentSize: segmentSize) : segmentSize
      kept += to - from
      guard kept <= longest, let place = bySequence[sequence], from <= to else { return }
      segments.append(Replayed.Segment(sequence: sequence, place: place, bytes: bytes, records: from..<to))
      from = LogSegment.headerByteCount
    }
    var position = superblock.logPosition
    var chain = superblock.logChain
    var version = superblock.version
    var counted = (end: position, chain: chain)
    var sequence = position.sequence(segmentSize: segmentSize)
    // A position at the very end of a segment is also the beginning of the next.
    if position.offset(segmentSize: segmentSize) == 0, sequence > 0,
      bySequence[sequence - 1] != nil
    {
      sequence -= 1
    } else if position.offset(segmentSize: segmentSize) == 0, let place = bySequence[sequence],
      places[place].header?.predecessorEnd == position
    {
      position = LogPosition(
        sequence: sequence, offset: LogSegment.headerByteCount, segmentSize: segmentSize)
    }
    guard let firstPlace = bySequence[sequence] else {
      throw .corrupt(
        file: file.path, place: "\(position)", reason: "the log segment that the superblock names is missing")
    }
    var bytes = try segment(firstPlace)
    from =
      position.sequence(segmentSize: segmentSize) == sequence
      ? position.offset(segmentSize: segmentSize) : segmentSize
    let pending = ByteBuffer()
    var isPending = false
    while true {
      if let record = record(bytes, at: position, sequence: sequence, chain: chain) {
        if record.header.flags.contains(.first) {
          #if UPKEEP_PLANTS
            let unfinished = Plant.isOn(.keepsUnfinishedChain) ? Array(pending.bytes) : []
          #endif
          pending.removeAll()
          #if UPKEEP_PLANTS
            unfinished.withUnsafeBytes { pending.append($0) }
          #endif
          isPending = true
          guard record.header.version == version + 1 else {
            throw .corrupt(
              file: file.path, place: "\(record.header.position)",
              reason: "version \(record.header.version) follows version \(version)")
          }
        }
        if isPending {
          guard try unpack(record, from: bytes, into: pending) else {
            throw .corrupt(
              file: file.path, place: "\(record.header.position)", reason: "a record does not decompress")
          }
        }
        position = LogPosition(record.header.position.rawValue + UInt64(record.header.byteCount))
        chain = record.header.chain
        if isPending, record.header.flags.contains(.last) {
          guard record.header.version == version + 1 else {
            throw .corrupt(
              file: file.path, place: "\(record.header.position)", reason: "records of two versions are mixed"
            )
          }
          try apply(record.header.version, pending.bytes)
          version += 1
          isPending = false
          counted = (position, chain)
        }
        continue
      }
      if let next = bySequence[sequence + 1], let header = places[next].header,
        header.predecessorEnd == position, header.predecessorChain == chain
      {
        keep(sequence, bytes, to: position)
        sequence += 1
        bytes = try segment(next)
        position = LogPosition(
          sequence: sequence, offset: LogSegment.headerByteCount, segmentSize: segmentSize)
        continue
      }
      break
    }
    #if UPKEEP_PLANTS
      if Plant.isOn(.replaysHalfTransactions), isPending {
        try apply(version + 1, pending.bytes)
        return Replayed(version: version + 1, end: position, chain: chain)
      }
    #endif
    try requireTail(at: position)
    keep(sequence, bytes, to: position)
    let isWhole = !isPending && position == counted.end && bySequence[sequence + 1] == nil && kept <= longest
    return Replayed(
      version: version, end: counted.end, chain: counted.chain, segments: isWhole ? segments : nil)
  }

  // MARK: Records

  private struct Record {
    let header: LogRecord.Header
    let payloadOffset: Int
  }

  /// The valid record that follows `position`: right there, or at the next sector.
  private func record(
    _ bytes: [UInt8], at position: LogPosition, sequence: UInt64, chain: UInt64
  ) -> Record? {
    guard position.sequence(segmentSize: segmentSize) == sequence else { return nil }
    let offset = position.offset(segmentSize: segmentSize)
    let sector = (offset + LogRecord.sectorSize - 1) / LogRecord.sectorSize * LogRecord.sectorSize
    for start in offset == sector ? [offset] : [offset, sector] {
      let at = LogPosition(sequence: sequence, offset: start, segmentSize: segmentSize)
      let found: Record? = bytes.withUnsafeBytes { buffer in
        guard let rest = buffer.part(start, buffer.count - start),
          let header = LogRecord.decode(rest, salt: superblock.logSalt, at: at),
          header.previousChain == chain,
          let payload = rest.part(LogRecord.headerByteCount, header.payloadCount),
          isIntact(payload, header, at)
        else { return nil }
        return Record(header: header, payloadOffset: start + LogRecord.headerByteCount)
      }
      if let found { return found }
    }
    return nil
  }

  private func isIntact(
    _ payload: UnsafeRawBufferPointer, _ header: LogRecord.Header, _ position: LogPosition
  ) -> Bool {
    #if UPKEEP_PLANTS
      if Plant.isOn(.ignoresPayloadChecksum) { return true }
    #endif
    return header.payloadChecksum
      == Checksum.hash(payload, seed: LogRecord.payloadSeed(salt: superblock.logSalt, position: position))
  }

  /// Adds a record's operations to those of its transaction; false if they do not decompress.
  private func unpack(_ record: Record, from bytes: [UInt8], into pending: ByteBuffer) throws(StorageError)
    -> Bool
  {
    bytes.withUnsafeBytes { buffer in
      guard let payload = buffer.part(record.payloadOffset, record.header.payloadCount) else { return false }
      guard record.header.flags.contains(.compressed) else {
        pending.append(payload)
        return true
      }
      let target = pending.extend(by: record.header.plainCount)
      return Compression.decompress(
        payload, into: UnsafeMutableRawBufferPointer(start: target, count: record.header.plainCount))
    }
  }

  // MARK: Tail or corruption

  /// Rule 13: what stands at `position` is not valid. It is the torn tail, unless something proves that records
  /// beyond it were durable. Only headers are looked at: a payload's length is not trusted.
  private func requireTail(at position: LogPosition) throws(StorageError) {
    #if UPKEEP_PLANTS
      if Plant.isOn(.cutsAnywhere) { return }
    #endif
    var proven = superblock.logPosition
    for place in places {
      if let header = place.header, header.salt == superblock.logSalt {
        proven = max(proven, header.durableBefore)
      }
      let bytes = try segment(place.index)
      let orphan: LogPosition? = bytes.withUnsafeBytes { buffer in
        var offset = LogSegment.headerByteCount
        var orphan: LogPosition?
        while let rest = buffer.part(offset, buffer.count - offset), rest.count >= LogRecord.headerByteCount {
          defer { offset += LogRecord.sectorSize }
          guard let base = rest.baseAddress, base.integer(0, UInt32.self) == LogRecord.magic else { continue }
          let claimed = LogPosition(base.integer(LogRecord.Layout.position, UInt64.self))
          guard claimed.offset(segmentSize: segmentSize) == offset,
            let header = LogRecord.decode(rest, salt: superblock.logSalt, at: claimed)
          else { continue }
          let isHome =
            place.header.map {
              $0.salt == superblock.logSalt
                && $0.sequence == claimed.sequence(segmentSize: segmentSize)
            } ?? false
          if isHome {
            proven = max(proven, header.durableBefore)
          } else if claimed > position, place.header?.salt != superblock.logSalt {
            orphan = claimed
          }
        }
        return orphan
      }
      if let orphan {
        throw .corrupt(
          file: file.path, place: "\(orphan)", reason: "a record lies in a segment whose header is damaged")
      }
    }
    guard proven <= position else {
      throw .corrupt(
        file: file.path, place: "\(position)",
        reason: "a record is damaged that was durable: the log is known to have been whole up to \(proven)")
    }
  }

  // MARK: Bytes

  private func segment(_ place: Int) throws(StorageError) -> [UInt8] {
    try Self.read(file, at: UInt64(place) * UInt64(segmentSize), count: segmentSize)
  }

  private static func read(_ file: StoreFile, at offset: UInt64, count: Int) throws(StorageError) -> [UInt8] {
    var failure: StorageError?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      do throws(StorageError) {
        filled = try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
      } catch {
        failure = error
        filled = 0
      }
    }
    if let failure { throw failure }
    return bytes
  }
}
