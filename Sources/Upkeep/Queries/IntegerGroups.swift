/// Which group an integer belongs to, for those that came last: as many as fit, so that it never takes more memory.
///
/// Who does not find an integer here looks among all groups.
final class IntegerGroups {
  private static let count = 4096

  private struct Entry {
    var key: Int64
    /// Less than zero where nothing is.
    var number: Int
  }

  private let entries: UnsafeMutablePointer<Entry>

  init() {
    entries = .allocate(capacity: Self.count)
    entries.initialize(repeating: Entry(key: 0, number: -1), count: Self.count)
  }

  deinit { entries.deallocate() }

  @inline(__always)
  private func place(_ key: Int64) -> Int {
    // The upper bits of the product: neighbours are put apart, multiples of anything as well.
    Int((UInt64(bitPattern: key) &* 0x9E37_79B9_7F4A_7C15) >> 52)
  }

  @inline(__always)
  func find(_ key: Int64) -> Int? {
    let entry = entries[place(key)]
    return entry.key == key && entry.number >= 0 ? entry.number : nil
  }

  @inline(__always)
  func set(_ key: Int64, _ number: Int) { entries[place(key)] = Entry(key: key, number: number) }
}
