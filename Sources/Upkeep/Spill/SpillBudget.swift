/// How much memory a statement may take for what it remembers of its rows. Beyond that, all of it goes to trees of the
/// transaction's own, whose pages live in the cache as others do.
///
/// Things are put out between two rows only, so that who works on one need not fear that it is gone meanwhile.
package final class SpillBudget {
  private let limit: Int
  @exclusivity(unchecked) private var used = 0
  /// What can put out what it holds, and how. A closure, for it is made where the type of what is held is known.
  private var parts: [(part: ObjectIdentifier, spill: () throws(UpkeepError) -> Void)] = []
  /// How often things were put out, for tests.
  package private(set) var spillCount = 0

  init(_ limit: Int) { self.limit = limit }

  /// Counts bytes that a part takes.
  @inline(__always)
  func take(_ byteCount: Int) { used &+= byteCount }

  /// - Parameter spill: keeps the part no longer than others do.
  func add(_ part: AnyObject, _ spill: @escaping () throws(UpkeepError) -> Void) {
    parts.append((ObjectIdentifier(part), spill))
  }

  func remove(_ part: AnyObject) {
    let part = ObjectIdentifier(part)
    parts.removeAll { $0.part == part }
  }

  /// Puts all out of memory where that is too much. Between two rows.
  @inline(__always)
  func settle() throws(UpkeepError) {
    if used > limit { try spill() }
  }

  @inline(never)
  private func spill() throws(UpkeepError) {
    for (_, spill) in parts { try spill() }
    used = 0
    spillCount += 1
  }
}
