/// A way from whole numbers to kept rows that counts no references: for the innermost loop of a join.
///
/// Invariants:
/// - The rows and the table of their keys do not change any more.
/// - `firsts` has an entry for each key, `nexts` for each row; both hold numbers of rows, or -1.
final class RowProbe {
  private let rows: RowArena
  private let table: NumberTable
  private let firsts: UnsafeMutablePointer<Int>
  private let nexts: UnsafeMutablePointer<Int>

  init(_ rows: RowArena, _ table: NumberTable, firsts: [Int], nexts: [Int]) {
    self.rows = rows
    self.table = table
    self.firsts = .allocate(capacity: max(1, firsts.count))
    self.firsts.initialize(from: firsts, count: firsts.count)
    self.nexts = .allocate(capacity: max(1, nexts.count))
    self.nexts.initialize(from: nexts, count: nexts.count)
  }

  deinit {
    firsts.deallocate()
    nexts.deallocate()
  }

  /// To find rows with, as long as the probe is.
  var places: Places { Places(search: table.search, firsts: firsts, nexts: nexts, rows: rows.places) }

  struct Places {
    let search: NumberTable.Search
    let firsts: UnsafeMutablePointer<Int>
    let nexts: UnsafeMutablePointer<Int>
    let rows: RowArena.Places

    /// The first row with a key; -1 if there is none.
    @inline(__always)
    func first(_ key: WholeKey.Found) -> Int {
      guard case .number(let number) = key else { return -1 }
      let entry = search.find(number)
      return entry < 0 ? -1 : firsts[entry]
    }

    /// The next row with the key of this one; -1 after the last.
    @inline(__always)
    func next(_ number: Int) -> Int { nexts[number] }
  }
}
