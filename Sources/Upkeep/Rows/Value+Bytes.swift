extension Value {
  /// Whether the two would be stored as the same bytes.
  ///
  /// `==` is not that: it calls texts equal that differ only in how their characters are composed.
  package func hasSameBytes(as other: Value) -> Bool {
    switch (self, other) {
    case (.text(let a), .text(let b)), (.json(let a), .json(let b)): Self.sameBytes(a, b)
    case (.real(let a), .real(let b)): a.bitPattern == b.bitPattern
    default: self == other
    }
  }

  private static func sameBytes(_ a: String, _ b: String) -> Bool {
    guard a.utf8.count == b.utf8.count else { return false }
    let same = a.utf8.withContiguousStorageIfAvailable { left in
      b.utf8.withContiguousStorageIfAvailable { right in
        Bytes.equal(UnsafeRawBufferPointer(left), UnsafeRawBufferPointer(right))
      }
    }
    if case .some(.some(let same)) = same { return same }
    return a.utf8.elementsEqual(b.utf8)
  }
}
