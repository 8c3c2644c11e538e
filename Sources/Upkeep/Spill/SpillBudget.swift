/// A part of a statement that can put what it holds out of memory.
protocol Spilling: AnyObject {
  func spill() throws(UpkeepError)
}

/// How much memory a statement may take for what it remembers of its rows. Beyond that, all of it goes to trees of the
/// transaction's own, whose pages live in the cache as others do.
///
/// Things are put out between two rows only, so that who works on one need not fear that it is gone meanwhile.
package final class SpillBudget {
  private let limit: Int
  @exclusivity(unchecked) private var used = 0
  private var parts: [any Spilling] = []
  /// How often things were put out, for tests.
  package private(set) var spillCount = 0

  init(_ limit: Int) { self.limit = limit }

  /// Counts bytes that a part takes.
  @inline(__always)
  func take(_ byteCount: Int) { used &+= byteCount }

  func add(_ part: any Spilling) { parts.append(part) }

  func remove(_ part: any Spilling) { parts.removeAll { $0 === part } }

  /// Puts all out of memory where that is too much. Between two rows.
  @inline(__always)
  func settle() throws(UpkeepError) {
    if used > limit { try spill() }
  }

  @inline(never)
  private func spill() throws(UpkeepError) {
    for part in parts { try part.spill() }
    used = 0
    spillCount += 1
  }
}
