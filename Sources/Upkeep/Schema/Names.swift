/// How names of tables, columns, indexes and functions compare: without regard to ASCII case.
package enum Names {
  /// The form under which a name is looked up.
  package static func folded(_ name: String) -> String {
    guard name.utf8.contains(where: { $0 &- 0x41 < 26 }) else { return name }
    return String(decoding: name.utf8.map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }, as: UTF8.self)
  }

  /// Whether two names are one.
  package static func equal(_ a: String, _ b: String) -> Bool {
    a == b || a.utf8.count == b.utf8.count && folded(a) == folded(b)
  }

  /// The candidate that a mistyped name most likely means, if any is near enough.
  package static func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
    let wanted = Array(folded(name).utf8.prefix(64))
    let allowed = max(1, wanted.count / 3)
    var best: (name: String, distance: Int)?
    for candidate in candidates {
      let distance = editDistance(wanted, Array(folded(candidate).utf8.prefix(64)))
      if distance <= allowed, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.name
  }

  /// The least number of insertions, deletions, changes and swaps of neighbours that turn one into the other.
  static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
    var beforePrevious = [Int](repeating: 0, count: b.count + 1)
    var previous = Array(0...b.count)
    var current = previous
    for i in 1...a.count {
      current[0] = i
      for j in 1...b.count {
        let change = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
        current[j] = min(change, previous[j] + 1, current[j - 1] + 1)
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
          current[j] = min(current[j], beforePrevious[j - 2] + 1)
        }
      }
      (beforePrevious, previous, current) = (previous, current, beforePrevious)
    }
    return previous[b.count]
  }

  /// `; did you mean NAME?`, or nothing.
  package static func suggestion(for name: String, among candidates: some Sequence<String>) -> String {
    nearest(to: name, among: candidates).map { "; did you mean \($0)?" } ?? ""
  }
}
