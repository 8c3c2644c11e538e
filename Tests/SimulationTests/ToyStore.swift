import UpkeepStorage
import UpkeepTesting

/// The mistakes that a harness must catch, one at a time.
enum Mistake: String, CaseIterable {
  case none
  /// A commit that is acknowledged without a sync.
  case skipsSync
  /// A sync that failed is tried again, and believed.
  case retriesSync
  /// Recovery takes what it read for durable.
  case trustsWhatItRead
  /// Records without a checksum: bytes that came in another order pass.
  case trustsOrder
  /// The folder is never synced: the file's name may go.
  case forgetsTheFolder
  /// An error on the way is ignored.
  case ignoresErrors
}

/// The smallest store that keeps its promises: one file of checksummed records, each a transaction of puts and
/// deletes on tree 0. With a mistake it does not keep them, which is what it is for.
final class ToyStore: StoreUnderTest {
  @TaskLocal static var mistake = Mistake.none
  private static let path = "toy"

  private let file: any File
  private var end: UInt64 = 0
  private var current = StoreState()
  private var failure: (any Error)?
  private let mistake = ToyStore.mistake

  private init(_ file: any File) { self.file = file }

  static func open(on disk: SimulatedFileSystem, _ options: StorageOptions) throws -> ToyStore {
    do {
      if try disk.status(path) == nil {
        _ = try disk.open(path, .createNew)
        if mistake != .forgetsTheFolder { try disk.syncDirectory(of: path) }
      }
      let store = ToyStore(try disk.open(path, .readWrite))
      // A crash may have kept the file and not its name: synced again before anything relies on it.
      if mistake != .forgetsTheFolder { try disk.syncDirectory(of: path) }
      try store.replay()
      return store
    } catch {
      throw StorageError.io(error)
    }
  }

  private func replay() throws(FileError) {
    var bytes = Bytes(repeating: 0, count: Int(try file.size()))
    let count = try readAll(&bytes)
    bytes.removeSubrange(count...)
    var at = 0
    while let record = record(in: bytes, at: at) {
      Self.decode(record).forEach { $0.apply(to: &current) }
      at += 512 * ((record.count + 16 + 511) / 512)
    }
    end = UInt64(at)
    guard at > 0, mistake != .trustsWhatItRead else { return }
    try write(Array(bytes[..<min(at, bytes.count)]), at: 0)
    try file.sync(.data)
  }

  private func readAll(_ bytes: inout Bytes) throws(FileError) -> Int {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
    defer { buffer.deallocate() }
    let count = try file.read(into: buffer, at: 0)
    bytes.withUnsafeMutableBytes { $0.copyMemory(from: UnsafeRawBufferPointer(buffer)) }
    return count
  }

  private func record(in bytes: Bytes, at offset: Int) -> Bytes? {
    guard offset + 16 <= bytes.count else { return nil }
    let header = bytes[offset..<offset + 16].reduce(into: (UInt64(0), 0)) { result, byte in
      if result.1 < 8 { result.0 = result.0 << 8 | UInt64(byte) }
      result.1 += 1
    }
    let count = Int(clamping: header.0)
    guard count > 0, count <= bytes.count - offset - 16 else { return nil }
    let payload = Array(bytes[offset + 16..<offset + 16 + count])
    let stored = bytes[offset + 8..<offset + 16].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard mistake == .trustsOrder || stored == Self.hash(payload, UInt64(offset)) else { return nil }
    return payload
  }

  func commit(_ changes: [Change]) throws {
    if let failure, mistake != .ignoresErrors { throw failure }
    let payload = Self.encode(changes)
    var record = Self.bytes(UInt64(payload.count)) + Self.bytes(Self.hash(payload, end)) + payload
    record += Bytes(repeating: 0, count: (512 - record.count % 512) % 512)
    do throws(FileError) {
      try write(record, at: end)
      try sync()
    } catch {
      if mistake != .ignoresErrors {
        failure = StorageError.io(error)
        throw StorageError.io(error)
      }
    }
    end += UInt64(record.count)
    for change in changes { change.apply(to: &current) }
  }

  private func write(_ bytes: Bytes, at offset: UInt64) throws(FileError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
    defer { buffer.deallocate() }
    buffer.copyBytes(from: bytes)
    try file.write(UnsafeRawBufferPointer(buffer), at: offset)
  }

  private func sync() throws(FileError) {
    switch mistake {
    case .skipsSync: break
    case .retriesSync: do { try file.sync(.data) } catch { try file.sync(.data) }
    default: try file.sync(.data)
    }
  }

  func state() throws -> StoreState { current }
  func problems() throws -> [String] { [] }
  func checkpoint() throws {}
  func compact() throws {}
  func close() throws {}

  // MARK: Bytes

  private static func encode(_ changes: [Change]) -> Bytes {
    var result: Bytes = []
    for change in changes {
      switch change {
      case .put(_, let key, let value):
        result += [1] + bytes(UInt64(key.count)) + key + bytes(UInt64(value.count)) + value
      case .delete(_, let key): result += [2] + bytes(UInt64(key.count)) + key
      default: break  // A toy puts and deletes.
      }
    }
    return result
  }

  private static func decode(_ payload: Bytes) -> [Change] {
    var rest = payload[...]
    func field() -> Bytes {
      let count = Int(clamping: rest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
      rest = rest.dropFirst(8)
      defer { rest = rest.dropFirst(min(count, rest.count)) }
      return Array(rest.prefix(min(count, rest.count)))
    }
    var changes: [Change] = []
    while let code = rest.popFirst() {
      let key = field()
      changes.append(code == 1 ? .put(tree: 0, key: key, value: field()) : .delete(tree: 0, key: key))
    }
    return changes
  }

  private static func bytes(_ number: UInt64) -> Bytes {
    (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64($0))) }
  }

  private static func hash(_ bytes: Bytes, _ seed: UInt64) -> UInt64 {
    bytes.reduce(seed &+ 0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }
}
