internal import UpkeepStorage

/// Byte strings, each with a number of its own, 0, 1, 2, …, in the order in which they came.
///
/// An open hash table over one arena: no object for an entry, and looking up allocates nothing.
final class ByteKeyTable {
  private struct Entry {
    let hash: UInt64
    let offset: Int
    let count: Int
  }

  private let arena = ByteBuffer(capacity: 64)
  @exclusivity(unchecked) private var entries: [Entry] = []
  /// Entry number + 1, or 0; the count is a power of two.
  @exclusivity(unchecked) private var slots: [UInt32] = []

  var count: Int { entries.count }
  /// Where the bytes of all entries begin, until the next insertion.
  var base: UnsafeRawPointer { UnsafeRawPointer(arena.base) }
  var isEmpty: Bool { entries.isEmpty }

  /// Keys come from outside: a hash that nobody can foresee keeps them from meeting in one slot.
  private static let seed = UInt64.random(in: 0 ... .max)

  /// Eight bytes at a time, each product folded, all of it begun with the seed.
  static func hash(_ key: UnsafeRawBufferPointer) -> UInt64 {
    let seed = seed
    var hash = seed ^ UInt64(truncatingIfNeeded: key.count) &* 0x9E37_79B9_7F4A_7C15
    var offset = 0
    while offset + 8 <= key.count {
      hash = folded(hash ^ key.loadUnaligned(fromByteOffset: offset, as: UInt64.self), 0xD6E8_FEB8_6659_FD93)
      offset += 8
    }
    var rest: UInt64 = 0
    if key.count >= 8 {
      rest = key.loadUnaligned(fromByteOffset: key.count - 8, as: UInt64.self)
    } else {
      for byte in key { rest = rest << 8 | UInt64(byte) }
    }
    return folded(folded(hash ^ rest, 0xA076_1D64_78BD_642F), seed | 1)
  }

  @inline(__always)
  private static func folded(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }

  /// The keys in the order of their bytes; their places count from `base`.
  func sortedKeys() -> [SortedKey] {
    if isEmpty { return [] }
    var keys = (0..<count).map { number in
      SortedKey(bytes(number), offset: offset(number), number: UInt32(truncatingIfNeeded: number))
    }
    KeySorter().sort(&keys, base)
    return keys
  }

  /// The bytes of an entry, valid until the next insertion.
  func bytes(_ number: Int) -> UnsafeRawBufferPointer {
    let entry = entries[number]
    return UnsafeRawBufferPointer(start: UnsafeRawPointer(arena.base) + entry.offset, count: entry.count)
  }

  /// Where the bytes of an entry are, from `base`.
  func offset(_ number: Int) -> Int { entries[number].offset }

  func find(_ key: UnsafeRawBufferPointer) -> Int? {
    if entries.isEmpty { return nil }
    let slot = slots[place(of: key, Self.hash(key))]
    return slot == 0 ? nil : Int(slot) - 1
  }

  /// Forgets all keys, and keeps the room that they had.
  func removeAll() {
    entries.removeAll(keepingCapacity: true)
    arena.removeAll()
    for slot in slots.indices { slots[slot] = 0 }
  }

  /// The number of a key, which is new if it was not there.
  func insert(_ key: UnsafeRawBufferPointer) -> Int {
    if entries.count * 4 >= slots.count * 3 { grow() }
    let hash = Self.hash(key)
    let place = place(of: key, hash)
    if slots[place] != 0 { return Int(slots[place]) - 1 }
    entries.append(Entry(hash: hash, offset: arena.count, count: key.count))
    arena.append(key)
    slots[place] = UInt32(entries.count)
    return entries.count - 1
  }

  /// The slot of a key, or the empty one where it would be.
  private func place(of key: UnsafeRawBufferPointer, _ hash: UInt64) -> Int {
    let mask = slots.count - 1
    var place = Int(truncatingIfNeeded: hash) & mask
    while slots[place] != 0 {
      let number = Int(slots[place]) - 1
      if entries[number].hash == hash, Bytes.equal(bytes(number), key) { return place }
      place = (place + 1) & mask
    }
    return place
  }

  private func grow() {
    slots = Array(repeating: 0, count: max(16, slots.count * 2))
    let mask = slots.count - 1
    for (number, entry) in entries.enumerated() {
      var place = Int(truncatingIfNeeded: entry.hash) & mask
      while slots[place] != 0 { place = (place + 1) & mask }
      slots[place] = UInt32(number + 1)
    }
  }
}
