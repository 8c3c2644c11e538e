internal import UpkeepStorage

/// A key that lies in an arena, to be sorted with others by its bytes.
struct SortedKey {
  /// The key's first eight bytes, zeros behind its end.
  var head: UInt64
  let offset: Int
  let count: UInt32
  /// What the key belongs to; of equal keys the lower number comes first.
  let number: UInt32

  init(_ key: UnsafeRawBufferPointer, offset: Int, number: UInt32) {
    head = Self.head(of: key)
    self.offset = offset
    count = UInt32(truncatingIfNeeded: key.count)
    self.number = number
  }

  @inline(__always)
  func bytes(_ base: UnsafeRawPointer) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: base + offset, count: Int(count))
  }

  @inline(__always)
  static func head(of key: UnsafeRawBufferPointer) -> UInt64 {
    if key.count >= 8 { return UInt64(bigEndian: key.loadUnaligned(as: UInt64.self)) }
    if key.count == 0 { return 0 }
    var head: UInt64 = 0
    for byte in key { head = head << 8 | UInt64(byte) }
    return head << (8 * UInt64(8 - key.count))
  }

  /// Whether the bytes are those of another key.
  @inline(__always)
  func equals(_ other: SortedKey, _ base: UnsafeRawPointer) -> Bool {
    head == other.head && Bytes.equal(bytes(base), other.bytes(base))
  }
}

/// Sorts keys by their bytes, eight at a time: by radix where there are many, which looks at no key but through its
/// head. Keys that share a head are then sorted by their next eight bytes, those that share too many by comparison.
final class KeySorter {
  private static let fewest = 192
  private static let few = 20
  private static let deepest = 48

  /// The arena's beginning, while keys are sorted.
  private var base: UnsafeRawPointer
  private var spare: UnsafeMutablePointer<SortedKey>
  private var capacity: Int
  /// How often each byte occurs at each of the eight places.
  private let counts: UnsafeMutablePointer<Int>

  init() {
    capacity = 256
    spare = .allocate(capacity: capacity)
    counts = .allocate(capacity: 8 * 256)
    base = UnsafeRawPointer(counts)
  }

  deinit {
    spare.deallocate()
    counts.deallocate()
  }

  /// - Parameter base: where the arena begins.
  func sort(_ keys: inout [SortedKey], _ base: UnsafeRawPointer) {
    guard keys.count > 1 else { return }
    if keys.count > capacity {
      spare.deallocate()
      capacity = keys.capacity
      spare = .allocate(capacity: capacity)
    }
    self.base = base
    keys.withUnsafeMutableBufferPointer { keys in
      if let first = keys.baseAddress { sort(first, keys.count, depth: 0) }
    }
  }

  /// Sorts keys that have their first `depth` bytes in common and whose heads begin there.
  private func sort(_ keys: UnsafeMutablePointer<SortedKey>, _ count: Int, depth: Int) {
    if count < Self.fewest || depth > Self.deepest { return compare(keys, count, depth) }
    sortByHead(keys, count)
    var first = 0
    while first < count {
      let head = keys[first].head
      var end = first + 1
      var areLong = Int(keys[first].count) >= depth + 8
      while end < count, keys[end].head == head {
        areLong = areLong && Int(keys[end].count) >= depth + 8
        end += 1
      }
      if end > first + 1 {
        // A key that ends within the head differs from a longer one by more than the bytes to come.
        if areLong {
          for i in first..<end { setHead(keys + i, depth + 8) }
          sort(keys + first, end - first, depth: depth + 8)
          for i in first..<end { keys[i].head = head }
        } else {
          compare(keys + first, end - first, depth)
        }
      }
      first = end
    }
  }

  @inline(__always)
  private func setHead(_ key: UnsafeMutablePointer<SortedKey>, _ depth: Int) {
    key.pointee.head = SortedKey.head(of: UnsafeRawBufferPointer(rebasing: key.pointee.bytes(base)[depth...]))
  }

  private func compare(_ keys: UnsafeMutablePointer<SortedKey>, _ count: Int, _ depth: Int) {
    let base = base
    if count <= Self.few { return insert(keys, count, depth, base) }
    var keys = UnsafeMutableBufferPointer(start: keys, count: count)
    keys.sort { Self.isBefore($0, $1, depth, base) }
  }

  @inline(__always)
  private static func isBefore(_ a: SortedKey, _ b: SortedKey, _ depth: Int, _ base: UnsafeRawPointer) -> Bool
  {
    if a.head != b.head { return a.head < b.head }
    let order = Bytes.compare(
      UnsafeRawBufferPointer(start: base + a.offset + depth, count: Int(a.count) - depth),
      UnsafeRawBufferPointer(start: base + b.offset + depth, count: Int(b.count) - depth))
    return order == 0 ? a.number < b.number : order < 0
  }

  /// Puts each key where it belongs among those before it: the quickest way for a few.
  private func insert(
    _ keys: UnsafeMutablePointer<SortedKey>, _ count: Int, _ depth: Int, _ base: UnsafeRawPointer
  ) {
    for next in 1..<max(count, 1) {
      let key = keys[next]
      var place = next
      while place > 0, Self.isBefore(key, keys[place - 1], depth, base) {
        keys[place] = keys[place - 1]
        place -= 1
      }
      keys[place] = key
    }
  }

  /// By the heads alone, keys of one head in the order in which they are.
  private func sortByHead(_ keys: UnsafeMutablePointer<SortedKey>, _ count: Int) {
    counts.update(repeating: 0, count: 8 * 256)
    for i in 0..<count {
      var head = keys[i].head
      for place in 0..<8 {
        counts[place &* 256 &+ Int(head & 0xFF)] &+= 1
        head >>= 8
      }
    }
    var from = keys
    var to = spare
    for place in 0..<8 {
      let shift = UInt64(8 * place)
      let counts = counts + place * 256
      // All keys have the same byte here.
      if counts[Int((from[0].head >> shift) & 0xFF)] == count { continue }
      var start = 0
      for byte in 0..<256 {
        let count = counts[byte]
        counts[byte] = start
        start &+= count
      }
      for i in 0..<count {
        let byte = Int((from[i].head >> shift) & 0xFF)
        (to + counts[byte]).initialize(to: from[i])
        counts[byte] &+= 1
      }
      swap(&from, &to)
    }
    if from != keys { keys.update(from: from, count: count) }
  }
}
