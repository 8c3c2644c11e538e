/// Whole numbers, each with a number of its own, 0, 1, 2, …, in the order in which they came: what `ByteKeyTable` is for
/// bytes.
///
/// An open hash table in one piece of memory. Its slots are as many as a power of two, at most three quarters of them in
/// use, so that a search ends.
final class NumberTable {
  struct Slot {
    var key: Int64
    /// -1 in an empty slot.
    var entry: Int
  }

  private var slots: UnsafeMutablePointer<Slot>
  private var mask: Int
  /// All keys, by their numbers.
  private(set) var keys: [Int64] = []

  /// Keys come from outside: a hash that nobody can foresee keeps them from meeting in one slot.
  private static let seed = UInt64.random(in: 0 ... .max)
  private let seed = NumberTable.seed

  init() {
    slots = Self.empty(16)
    mask = 15
  }

  deinit { slots.deallocate() }

  var count: Int { keys.count }

  private static func empty(_ count: Int) -> UnsafeMutablePointer<Slot> {
    let slots = UnsafeMutablePointer<Slot>.allocate(capacity: count)
    slots.initialize(repeating: Slot(key: 0, entry: -1), count: count)
    return slots
  }

  private func place(of key: Int64) -> Int { Search(slots: slots, mask: mask, seed: seed).place(of: key) }

  /// To search with, until the next insertion and as long as the table is.
  var search: Search { Search(slots: slots, mask: mask, seed: seed) }

  struct Search {
    fileprivate let slots: UnsafePointer<Slot>
    fileprivate let mask: Int
    fileprivate let seed: UInt64

    fileprivate init(slots: UnsafeMutablePointer<Slot>, mask: Int, seed: UInt64) {
      (self.slots, self.mask, self.seed) = (UnsafePointer(slots), mask, seed)
    }

    /// The product with an odd number, folded.
    @inline(__always)
    fileprivate func place(of key: Int64) -> Int {
      let product = (UInt64(bitPattern: key) ^ seed).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
      return Int(truncatingIfNeeded: product.high ^ product.low) & mask
    }

    /// The number of a key; -1 if it is not there.
    @inline(__always)
    func find(_ key: Int64) -> Int {
      var place = place(of: key)
      while slots[place].entry >= 0, slots[place].key != key { place = (place &+ 1) & mask }
      return slots[place].entry
    }
  }

  /// The number of a key, which is new if it was not there.
  func insert(_ key: Int64) -> Int {
    if keys.count * 4 >= mask * 3 { grow() }
    var place = place(of: key)
    while slots[place].entry >= 0 {
      if slots[place].key == key { return slots[place].entry }
      place = (place &+ 1) & mask
    }
    slots[place] = Slot(key: key, entry: keys.count)
    keys.append(key)
    return keys.count - 1
  }

  private func grow() {
    slots.deallocate()
    let count = (mask + 1) * 2
    slots = Self.empty(count)
    mask = count - 1
    for (number, key) in keys.enumerated() {
      var place = place(of: key)
      while slots[place].entry >= 0 { place = (place &+ 1) & mask }
      slots[place] = Slot(key: key, entry: number)
    }
  }
}
