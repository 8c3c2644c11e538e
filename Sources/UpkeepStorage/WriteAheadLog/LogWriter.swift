import Synchronization

/// Appends committed transactions to the log and makes them durable.
///
/// `append` is called under the writer's turn; `sync`, `recycle` and `makeSpare` by anybody, also meanwhile.
///
/// Invariants:
/// 1. Space is allocated, zeroed and synced before anything is written there, and a segment's header is synced
///    before the first record in it (rule 11). One place more than is in use is always allocated.
/// 2. After a sync began the next record begins in a new sector: what is durable is never written again.
/// 3. `durable` is where the records ended when the last sync that succeeded was *called* (rule 10).
/// 4. `layout` is held while a record is placed and written, so that a sync finds all bytes up to `end` written.
///    It guards everything below that changes; `growth` is held by whoever makes the file longer.
/// 5. All space that a transaction needs is had before its first byte is written, so that a full disk leaves
///    no part of it behind.
final class LogWriter: @unchecked Sendable {
  let file: StoreFile
  let salt: UInt64
  private let layout = Monitor()
  private let growth = Monitor()
  private let databaseID: DatabaseID
  private let segmentSize: Int
  /// The sequence number of the segment that records go to, and its place in the file.
  private var sequence: UInt64
  private var place: Int
  private var placeCount: Int
  private var freePlaces: [Int]
  /// Up to here the file is zeroed and synced; `LogSpace` says how far it goes at a time.
  private var preparedTo: UInt64
  /// Places that a sync came after: the file is known to be so long.
  private var syncedPlaces: Int
  /// Segments that hold records, oldest first, the current one last.
  private var inUse: [(sequence: UInt64, place: Int)]

  /// Where the last record ends. Read by the writer, or with `layout` held.
  private(set) var end: LogPosition
  /// The chain value there.
  private(set) var chain: UInt64
  private let writtenTo: Atomic<UInt64>
  private let durableTo: Atomic<UInt64>
  /// Everything before it is in the file.
  var written: LogPosition { LogPosition(writtenTo.load(ordering: .acquiring)) }
  /// Everything before it is durable.
  var durable: LogPosition { LogPosition(durableTo.load(ordering: .acquiring)) }
  /// The number of the last version appended.
  private var lastVersion: UInt64
  private var startsNewSector = true
  private let buffer = ByteBuffer(capacity: 64 << 10)
  /// Bytes of records and segment headers written so far.
  private let byteCounter = Atomic<UInt64>(0)
  var bytesWritten: UInt64 { byteCounter.load(ordering: .relaxed) }

  /// A log whose first segment continues `superblock`, synced, in a file that nobody knows yet.
  init(file: StoreFile, continuing superblock: Superblock) throws(StorageError) {
    self.file = file
    databaseID = superblock.databaseID
    segmentSize = superblock.segmentSize
    var generator = SystemRandomNumberGenerator()
    var salt: UInt64 = generator.next()
    while salt == 0 || salt == superblock.logSalt { salt = generator.next() }
    self.salt = salt
    sequence = 1
    place = 0
    placeCount = 2
    syncedPlaces = 2
    freePlaces = [1]
    preparedTo = UInt64(min(LogSpace.firstStep, 2 * segmentSize))
    inUse = [(1, 0)]
    end = LogPosition(sequence: 1, offset: LogSegment.headerByteCount, segmentSize: segmentSize)
    chain = salt
    writtenTo = Atomic(end.rawValue)
    durableTo = Atomic(end.rawValue)
    lastVersion = superblock.version
    // Nobody knows the file yet, so that one sync is enough for its space and its first header.
    try LogSpace.allocate(0..<(2 * UInt64(segmentSize)), of: file)
    try LogSpace.zero(0..<preparedTo, of: file)
    try writeSegmentHeader(
      superblockGeneration: superblock.generation, predecessorEnd: LogPosition(0), durable: end)
    try file.sync(.full)
  }

  /// Goes on with a log that was replayed. What was only read is written again, as it is, and synced (rule 15); then a
  /// new segment says where the records before it end, for those that another process wrote get no more of them.
  init(
    file: StoreFile, after replayed: LogReader.Replayed, in segments: [LogReader.Replayed.Segment],
    continuing superblock: Superblock
  ) throws(StorageError) {
    self.file = file
    databaseID = superblock.databaseID
    segmentSize = superblock.segmentSize
    salt = superblock.logSalt
    inUse = segments.map { ($0.sequence, $0.place) }
    sequence = segments.last?.sequence ?? 0
    place = segments.last?.place ?? 0
    placeCount = Int(try file.size() / UInt64(superblock.segmentSize))
    syncedPlaces = placeCount
    preparedTo = UInt64(placeCount * superblock.segmentSize)
    let taken = segments.map(\.place)
    freePlaces = (0..<placeCount).filter { !taken.contains($0) }
    end = replayed.end
    chain = replayed.chain
    writtenTo = Atomic(end.rawValue)
    durableTo = Atomic(end.rawValue)
    lastVersion = replayed.version
    if freePlaces.count < 2 {
      let start = preparedTo
      try grow(by: 2 - freePlaces.count)
      try prepare(to: start + UInt64(LogSpace.firstStep))
    }
    try writeAgain(segments)
    try file.sync(.full)
    try beginSegment(superblockGeneration: superblock.generation)
    writtenTo.store(end.rawValue, ordering: .releasing)
    durableTo.store(end.rawValue, ordering: .releasing)
  }

  private func writeAgain(_ segments: [LogReader.Replayed.Segment]) throws(StorageError) {
    #if UPKEEP_PLANTS
      if Plant.isOn(.trustsLogRead) { return }
    #endif
    for segment in segments {
      for range in [0..<LogSegment.headerByteCount, segment.records] where !range.isEmpty {
        try write(segment.bytes, range, at: UInt64(segment.place * segmentSize + range.lowerBound))
      }
    }
  }

  private func write(_ bytes: [UInt8], _ range: Range<Int>, at offset: UInt64) throws(StorageError) {
    let written: Result<Void, StorageError> = bytes.withUnsafeBytes { buffer in
      let part = UnsafeRawBufferPointer(rebasing: buffer[range])
      do throws(StorageError) { return .success(try file.write(part, at: offset)) } catch {
        return .failure(error)
      }
    }
    try written.get()
  }

  // MARK: Appending

  /// Appends the operations of the transaction that makes `version`.
  ///
  /// - Parameter superblockGeneration: the newest durable superblock.
  func append(
    _ operations: UnsafeRawBufferPointer, version: UInt64, superblockGeneration: UInt64
  ) throws(StorageError) {
    try reserve(operations.count)
    try layout.withLock { () throws(StorageError) in
      try place(operations, version: version, superblockGeneration: superblockGeneration)
    }
  }

  /// Places and writes the records of a transaction. Call with `layout` held.
  private func place(
    _ operations: UnsafeRawBufferPointer, version: UInt64, superblockGeneration: UInt64
  ) throws(StorageError) {
    var at = 0
    var isFirst = true
    var start = nextStart
    buffer.removeAll()
    repeat {
      var offset = start.offset(segmentSize: segmentSize)
      let isAtEnd = start.sequence(segmentSize: segmentSize) != sequence
      if isAtEnd || segmentSize - offset < LogRecord.headerByteCount + 64 {
        try flush()
        try beginSegment(superblockGeneration: superblockGeneration)
        start = end
        offset = start.offset(segmentSize: segmentSize)
      }
      let room = min(segmentSize - offset, LogRecord.longestPayload) - LogRecord.headerByteCount
      let count = min(operations.count - at, room)
      if buffer.count == 0 { bufferStart = start }
      let piece = UnsafeRawBufferPointer(rebasing: operations[at..<(at + count)])
      at += count
      var flags: LogRecord.Flags = []
      if isFirst { flags.insert(.first) }
      if at == operations.count { flags.insert(.last) }
      isFirst = false
      end = appendRecord(piece, flags: flags, version: version, at: start)
      start = end
    } while at < operations.count
    try flush()
    lastVersion = version
    writtenTo.store(end.rawValue, ordering: .releasing)
  }

  /// Where the next record begins.
  private var nextStart: LogPosition {
    guard startsNewSector else { return end }
    let sector = UInt64(LogRecord.sectorSize)
    return LogPosition((end.rawValue + sector - 1) / sector * sector)
  }

  private var bufferStart = LogPosition(0)

  private func appendRecord(
    _ piece: UnsafeRawBufferPointer, flags: LogRecord.Flags, version: UInt64, at start: LogPosition
  ) -> LogPosition {
    let base = buffer.extend(by: LogRecord.headerByteCount + piece.count + LogRecord.alignment)
    var flags = flags
    var count = piece.count
    let payload = base + LogRecord.headerByteCount
    // Small transactions are not worth the compressor's time.
    if piece.count >= 4096,
      let used = Compression.compress(
        piece, into: UnsafeMutableRawBufferPointer(start: payload, count: piece.count * 7 / 8))
    {
      count = used
      flags.insert(.compressed)
    } else if let from = piece.baseAddress {
      payload.copyMemory(from: from, byteCount: piece.count)
    }
    var header = LogRecord.Header(
      flags: flags, payloadCount: count, plainCount: piece.count, version: version, durableBefore: durable,
      position: start, previousChain: chain, payloadChecksum: 0, chain: 0)
    #if UPKEEP_PLANTS
      if Plant.isOn(.durableBeforeTooLate) { header.durableBefore = start }
      if Plant.isOn(.durableBeforeNever) { header.durableBefore = LogPosition(0) }
    #endif
    header.payloadChecksum = Checksum.hash(
      UnsafeRawBufferPointer(start: payload, count: count),
      seed: LogRecord.payloadSeed(salt: salt, position: start))
    chain = LogRecord.encode(header, salt: salt, into: base)
    let padding = header.byteCount - LogRecord.headerByteCount - count
    (payload + count).initializeMemory(as: UInt8.self, repeating: 0, count: padding)
    buffer.truncate(
      to: buffer.count - (LogRecord.headerByteCount + piece.count + LogRecord.alignment) + header.byteCount)
    startsNewSector = false
    return LogPosition(start.rawValue + UInt64(header.byteCount))
  }

  /// Writes the records gathered for the current segment.
  private func flush() throws(StorageError) {
    guard buffer.count > 0 else { return }
    let offset = UInt64(place) * UInt64(segmentSize) + UInt64(bufferStart.offset(segmentSize: segmentSize))
    try file.write(buffer.bytes, at: offset)
    byteCounter.add(UInt64(buffer.count), ordering: .relaxed)
    buffer.removeAll()
  }

  // MARK: Durability

  /// Makes everything appended so far durable. Several may call it at once; a call that finds everything durable
  /// does nothing.
  func sync() throws(StorageError) {
    let target: LogPosition? = layout.withLock {
      guard durable < end else { return nil }
      startsNewSector = true
      #if UPKEEP_PLANTS
        if Plant.isOn(.sharesSectors) { startsNewSector = false }
      #endif
      return end
    }
    guard let target else { return }
    try file.sync(.data)
    durableTo.max(target.rawValue, ordering: .acquiringAndReleasing)
    #if UPKEEP_PLANTS
      if Plant.isOn(.durableReadAfterSync) { durableTo.max(end.rawValue, ordering: .acquiringAndReleasing) }
    #endif
  }

  // MARK: Segments

  /// Gets all the space that `byteCount` bytes of operations may need, and one place more.
  private func reserve(_ byteCount: Int) throws(StorageError) {
    #if UPKEEP_PLANTS
      if Plant.isOn(.reservesNoSpace) { return }
    #endif
    let need = LogSpace.Need(byteCount, segmentSize: segmentSize)
    guard layout.withLock({ missing(need) }) != nil else { return }
    try growth.withLock { () throws(StorageError) in
      guard let missing = layout.withLock({ missing(need) }) else { return }
      try grow(by: missing.places)
      if let end = layout.withLock({ self.missing(need)?.preparedTo }) { try prepare(to: end) }
    }
  }

  /// What the file lacks for records of so many bytes: places, and up to where it must be prepared. Call with `layout`
  /// held.
  private func missing(_ need: LogSpace.Need) -> (places: Int, preparedTo: UInt64)? {
    var start = UInt64(place * segmentSize)
    let used =
      end.sequence(segmentSize: segmentSize) == sequence ? end.offset(segmentSize: segmentSize) : segmentSize
    if need.bytes <= segmentSize - used {
      start += UInt64(used + need.bytes)
      return freePlaces.isEmpty || start > preparedTo ? (freePlaces.isEmpty ? 1 : 0, start) : nil
    }
    var end = start + UInt64(segmentSize)
    var left = need.bytes - (segmentSize - used)
    for free in freePlaces where left > 0 {
      start = UInt64(free * segmentSize)
      end = max(end, start + UInt64(min(LogSegment.headerByteCount + left + LogSpace.lossAtEnd, segmentSize)))
      left -= need.usable
    }
    let segments = need.segments(after: segmentSize - used)
    let places = max(segments + 1 - freePlaces.count, 0)
    return places > 0 || end > preparedTo ? (places, end) : nil
  }

  /// Whether `makeSpare` would be of use: the current segment is half full, and one after it is all there is; or what is
  /// prepared goes to its end.
  var wantsSpare: Bool {
    layout.withLock { wantsPlace || wantsZeros }
  }

  private var wantsPlace: Bool {
    freePlaces.count < 2 && end.offset(segmentSize: segmentSize) > segmentSize / 2
  }

  private var wantsZeros: Bool {
    if preparedTo == UInt64(placeCount * segmentSize) { return false }
    let start = UInt64(place * segmentSize)
    let used =
      end.sequence(segmentSize: segmentSize) == sequence ? end.offset(segmentSize: segmentSize) : segmentSize
    var ahead = min(start + UInt64(segmentSize), max(preparedTo, start)) &- (start + UInt64(used))
    for free in freePlaces {
      let start = UInt64(free * segmentSize)
      ahead += min(UInt64(segmentSize), max(preparedTo, start) - start)
      if preparedTo < start + UInt64(segmentSize) { break }
    }
    return ahead < LogSpace.step(after: preparedTo) / 2
  }

  /// Makes the file longer, and prepares it, before a commit has to wait for that.
  func makeSpare() throws(StorageError) {
    try growth.withLock { () throws(StorageError) in
      if layout.withLock({ wantsPlace }) { try grow(by: 1) }
      if layout.withLock({ wantsZeros }) { try prepare(to: preparedTo + 1) }
    }
  }

  /// Adds places to the file. Call with `growth` held; nobody waits for `layout` meanwhile.
  private func grow(by count: Int) throws(StorageError) {
    guard count > 0 else { return }
    let start = UInt64(placeCount * segmentSize)
    try LogSpace.allocate(start..<(start + UInt64(count * segmentSize)), of: file)
    layout.withLock {
      freePlaces.append(contentsOf: placeCount..<(placeCount + count))
      placeCount += count
    }
  }

  /// Zeroes and syncs the file up to `position` at least, a step at a time. Call with `growth` held.
  private func prepare(to position: UInt64) throws(StorageError) {
    let start = preparedTo
    guard position > start else { return }
    let size = UInt64(placeCount * segmentSize)
    let end = min(max(position, start + LogSpace.step(after: start)), size)
    try LogSpace.zero(start..<end, of: file)
    try file.sync(.full)
    layout.withLock {
      preparedTo = end
      syncedPlaces = placeCount
    }
  }

  private func beginSegment(superblockGeneration: UInt64) throws(StorageError) {
    guard let next = freePlaces.first else {
      throw .corrupt(file: file.path, place: "\(end)", reason: "no spare log segment was kept")
    }
    freePlaces.removeFirst()
    let predecessorEnd = end
    sequence += 1
    place = next
    inUse.append((sequence, place))
    try writeSegmentHeader(
      superblockGeneration: superblockGeneration, predecessorEnd: predecessorEnd, durable: durable)
    #if UPKEEP_PLANTS
      Plant.skipSync(.segmentHeaderUnsynced)
    #endif
    try file.sync(.data)
    end = LogPosition(sequence: sequence, offset: LogSegment.headerByteCount, segmentSize: segmentSize)
    startsNewSector = true
  }

  private func writeSegmentHeader(
    superblockGeneration: UInt64, predecessorEnd: LogPosition, durable: LogPosition
  ) throws(StorageError) {
    let header = LogSegment(
      databaseID: databaseID, segmentSize: segmentSize, salt: salt, sequence: sequence,
      superblockGeneration: superblockGeneration, predecessorEnd: predecessorEnd, predecessorChain: chain,
      predecessorVersion: lastVersion, durableBefore: durable, segmentCount: syncedPlaces)
    let bytes = header.encoded()
    try write(bytes, 0..<bytes.count, at: UInt64(place * segmentSize))
    byteCounter.add(UInt64(bytes.count), ordering: .relaxed)
  }

  /// Segments whose records all lie before `position`, which a durable superblock holds, may be used again.
  func recycle(before position: LogPosition) {
    layout.withLock {
      let first = position.sequence(segmentSize: segmentSize)
      while let oldest = inUse.first, oldest.sequence < first, oldest.sequence < sequence {
        freePlaces.append(oldest.place)
        inUse.removeFirst()
      }
    }
  }

  /// Bytes of the log file.
  var fileSize: UInt64 { layout.withLock { UInt64(placeCount) * UInt64(segmentSize) } }
}
