import Foundation
import Testing
import Upkeep

/// The guide to buckets: its examples stand here, word for word, and do what it says.
@Suite struct BucketGuideTests {
  enum Room: String, BucketKey { case kitchen, cellar }

  @Test("Buckets do what the guide says")
  func examples() throws {
    let store = try Store.inMemory()
    let hits = store.bucket("hits", key: String.self, value: Int64.self)
    try store.write { tx in
      try tx.put(hits, "home", 1)
      let outcome = try tx.insert(hits, "home", 7)
      print(outcome)  // ignored(existing: 1)
      try tx.merge(hits, "home", .add(5))
      try tx.merge(hits, "about") { old in (old ?? 0) + 1 }
      let swapped = try tx.compareAndSwap(hits, "home", expected: 6, new: 60)
      print(swapped)  // true
    }
    let home = try store.read { try $0.get(hits, "home") }
    #expect(home == 60)
    let again = try store.write { tx in try tx.insert(hits, "home", 1) }
    #expect("\(again)" == "ignored(existing: 60)")

    let readings = store.bucket("readings", key: BucketTuple<Room, Timestamp>.self, value: Double.self)
    try store.write { tx in
      try tx.put(readings, BucketTuple(.kitchen, Timestamp(microseconds: 0)), 20.5)
    }
    #expect(
      try store.read { try $0.get(readings, BucketTuple(.kitchen, Timestamp(microseconds: 0))) } == 20.5)

    var walked: [String] = []
    try store.read { snapshot in
      for (page, _) in try snapshot.range(hits, "a"..<"m").reversed().prefix(10) { walked.append(page) }
    }
    #expect(walked == ["home", "about"])

    try store.read { snapshot in
      for (page, count) in try snapshot.range(hits, "a"..<"m").reversed().prefix(10) {
        print(page, count)
      }
    }
    let dropped = try store.write { tx in try tx.delete(hits, "a"..<"b") }
    #expect(dropped == 1)

    let counts: [(key: String, value: Int64)] = [("home", 3), ("news", 1)]
    let result = try store.write { tx in
      try tx.upsert(contentsOf: counts, into: hits, .merge { stored, new in stored + new })
    }
    print(result)  // 1 inserted, 1 updated, 0 unchanged, 0 ignored
    #expect("\(result)" == "1 inserted, 1 updated, 0 unchanged, 0 ignored")
  }

  @Test("Every example of the guide is one that is run")
  func examplesAreRun() throws {
    let file = URL(fileURLWithPath: #filePath)
    let guide = file.deletingLastPathComponent().appendingPathComponent("../../../Docs/Buckets.md")
    let blocks = try String(contentsOf: guide.standardizedFileURL, encoding: .utf8)
      .components(separatedBy: "```swift\n").dropFirst().compactMap {
        $0.components(separatedBy: "```").first
      }
    #expect(blocks.count == 4)
    func squeezed(_ text: String) -> String { text.filter { !$0.isWhitespace } }
    let run = squeezed(try String(contentsOf: file, encoding: .utf8))
    for block in blocks {
      // A type's declaration stands before the test that uses it.
      let parts =
        block.hasPrefix("enum") ? block.split(separator: "\n", maxSplits: 1).map(String.init) : [block]
      for part in parts { #expect(run.contains(squeezed(part)), "no test runs\n\(part)") }
    }
  }
}
