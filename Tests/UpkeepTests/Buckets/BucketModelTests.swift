import Testing
import Upkeep
import UpkeepTestSupport

/// A bucket does what a dictionary does, whatever is done with it, and is the same when the store is opened again.
@Suite struct BucketModelTests {
  #if DEBUG
    static let stepCount = 1_500
  #else
    static let stepCount = 30_000
  #endif

  private typealias Key = BucketTuple<String, Int>

  private struct Gone: Error {}

  private func key(_ random: inout SeededGenerator) -> Key {
    BucketTuple(random.pick(["", "a", "a\u{0}", "a\u{1}", "ab", "b", "ä"]), random.below(9) - 4)
  }

  @Test("Random operations on a bucket do what they do on a dictionary")
  func operations() throws {
    let seed = firstSeed()
    var random = SeededGenerator(seed: seed)
    let files = MemoryFileSystem()
    let options = StoreOptions { $0.checkpointsInBackground = false }
    var store = try Store("b.upkeep", options, fileSystem: files)
    let bucket = store.bucket("b", key: Key.self, value: Int64.self)
    var model: [Key: Int64] = [:]
    func sorted(_ model: [Key: Int64]) -> [(key: Key, value: Int64)] {
      model.map { ($0.key, $0.value) }.sorted { $0.key < $1.key }
    }
    for step in 0..<Self.stepCount {
      let place = "seed \(seed), step \(step)"
      var changed = model
      let fails = random.oneIn(10)
      do {
        try store.write { tx throws in
          for _ in 0...random.below(4) { try change(bucket, &changed, tx, &random, place) }
          if fails { throw Gone() }
        }
        model = changed
      } catch is Gone {}
      if random.oneIn(40) {
        try store.close()
        store = try Store("b.upkeep", options, fileSystem: files)
      }
      if step % 7 == 0 {
        let all = sorted(model)
        try store.read { snapshot throws in
          #expect(try snapshot.count(bucket) == model.count, "\(place)")
          let found = try snapshot.range(bucket).entries()
          #expect(found.elementsEqual(all) { $0 == $1 }, "\(place)")
          let (a, b) = (key(&random), key(&random))
          let range = Swift.min(a, b)..<Swift.max(a, b)
          let part = all.filter { range.contains($0.key) }
          var walked: [(key: Key, value: Int64)] = []
          for entry in try snapshot.range(bucket, range).reversed() { walked.append(entry) }
          #expect(walked.elementsEqual(part.reversed()) { $0 == $1 }, "\(place)")
        }
      }
    }
    #expect(try store.verify() == [])
  }

  private func change(
    _ bucket: Bucket<Key, Int64>, _ model: inout [Key: Int64], _ tx: Transaction,
    _ random: inout SeededGenerator,
    _ place: String
  ) throws {
    let key = key(&random)
    let value = random.oneIn(12) ? Int64.max : Int64(random.below(7))
    let old = model[key]
    switch random.below(10) {
    case 0:
      try tx.put(bucket, key, value)
      model[key] = value
    case 1:
      let found = try tx.insert(bucket, key, value)
      #expect(found == (old.map { .ignored(existing: $0) } ?? .inserted), "\(place)")
      model[key] = old ?? value
    case 2:
      let (sum, overflows) = (old ?? 0).addingReportingOverflow(value)
      if overflows {
        let error = #expect(throws: UpkeepError.self) { try tx.merge(bucket, key, .add(value)) }
        #expect(error?.code == .overflow)
      } else {
        #expect(try tx.merge(bucket, key, .add(value)) == sum, "\(place)")
        model[key] = sum
      }
    case 3:
      let isMin = random.oneIn(2)
      model[key] = old.map { isMin ? min($0, value) : max($0, value) } ?? value
      #expect(try tx.merge(bucket, key, isMin ? .min(value) : .max(value)) == model[key], "\(place)")
    case 4:
      let drops = random.oneIn(3)
      let now = try tx.merge(bucket, key) { stored throws(UpkeepError) in
        #expect(stored == old, "\(place)")
        return drops ? nil : (stored ?? 10) &+ 1
      }
      model[key] = drops ? nil : (old ?? 10) &+ 1
      #expect(now == model[key])
    case 5:
      let expected = random.oneIn(3) ? old : random.oneIn(2) ? nil : value
      let new = random.oneIn(4) ? nil : value
      #expect(
        try tx.compareAndSwap(bucket, key, expected: expected, new: new) == (expected == old), "\(place)")
      if expected == old { model[key] = new }
    case 6:
      #expect(try tx.delete(bucket, key) == (old != nil), "\(place)")
      model[key] = nil
    case 7:
      guard random.oneIn(4) else { return }
      let other = self.key(&random)
      let range = Swift.min(key, other)..<Swift.max(key, other)
      let gone = model.keys.filter { range.contains($0) }
      #expect(try tx.delete(bucket, range) == gone.count, "\(place)")
      for key in gone { model[key] = nil }
    case 8: try upsert(bucket, &model, tx, &random, place)
    default: #expect(try tx.get(bucket, key) == old, "\(place)")
    }
  }

  private func upsert(
    _ bucket: Bucket<Key, Int64>, _ model: inout [Key: Int64], _ tx: Transaction,
    _ random: inout SeededGenerator,
    _ place: String
  ) throws {
    let entries = (0..<random.below(12)).map { _ in (key: key(&random), value: Int64(random.below(4))) }
    var wanted = BucketResult()
    let kind = random.below(3)
    for (key, value) in entries {
      guard let old = model[key] else {
        wanted.inserted += 1
        model[key] = value
        continue
      }
      if kind == 0 {
        wanted.ignored += 1
        continue
      }
      let new = kind == 1 ? value : old &+ value
      if new == old { wanted.unchanged += 1 } else { wanted.updated += 1 }
      model[key] = new
    }
    let action: BucketAction<Int64> = kind == 0 ? .ignore : kind == 1 ? .replace : .merge { $0 &+ $1 }
    let result = try tx.upsert(contentsOf: entries, into: bucket, action)
    #expect(result == wanted, "\(place)")
    #expect(result.given == entries.count)
  }

  /// Keys of a type lie in the order of its values, and come back as they were.
  private func comesBack<K: BucketKey & Comparable>(_ keys: [K]) throws {
    let store = try Store.inMemory()
    let bucket = store.bucket("b", key: K.self, value: Int.self)
    try store.write { tx throws in
      let shuffled = Array(keys.enumerated()).shuffled()
      try tx.upsert(contentsOf: shuffled.map { (key: $0.element, value: $0.offset) }, into: bucket)
    }
    let entries = try store.read { try $0.range(bucket).entries() }
    #expect(entries.map(\.key) == keys)
    #expect(entries.map(\.value) == Array(keys.indices))
  }

  @Test("Keys of every type lie in their order and come back")
  func keyTypes() throws {
    try comesBack([Int.min, -1, 0, 1, .max])
    try comesBack([UInt64.min, 1, 1 << 63, .max])
    try comesBack([-Double.infinity, -2.5, -Double.leastNonzeroMagnitude, 0, 0.5, 1e300, .infinity])
    try comesBack([UUIDValue(high: 0, low: 1), UUIDValue(high: 1, low: 0), UUIDValue(high: .max, low: 0)])
    try comesBack([Timestamp(microseconds: -5), Timestamp(microseconds: 5)])
    try comesBack(["", "a", "a\u{0}", "b"])
    try comesBack([
      BucketTuple("", 9.0, 1), BucketTuple("a", -1.0, 7), BucketTuple("a", 2.0, 3),
      BucketTuple("a\u{0}", -3.0, 2),
      BucketTuple("a\u{1}", -3.0, 2), BucketTuple("a ", 0.0, 0),
    ])
    let store = try Store.inMemory()
    let flags = store.bucket("flags", key: Bool.self, value: Bool.self)
    try store.write { tx throws in
      try tx.put(flags, true, false)
      try tx.put(flags, false, true)
    }
    #expect(try store.read { try $0.range(flags).entries().map(\.key) } == [false, true])
    #expect(try store.read { try $0.get(flags, false) } == true)
  }

  private enum Color: String, BucketKey, BucketValue { case red, green }

  @Test("Types of one's own, text and JSON")
  func otherValues() throws {
    let store = try Store.inMemory()
    let colors = store.bucket("colors", key: Color.self, value: Color.self)
    let texts = store.bucket("texts", key: Int.self, value: String.self)
    let reals = store.bucket("reals", key: Int.self, value: Double.self)
    try store.write { tx throws in
      try tx.put(colors, .red, .green)
      #expect(try tx.get(colors, .red) == .green)
      #expect(try tx.merge(texts, 1, .append("ab")) == "ab")
      #expect(try tx.merge(texts, 1, .append("c")) == "abc")
      #expect(try tx.merge(texts, 2, .json(#"{"a":1,"b":2}"#)) == #"{"a":1,"b":2}"#)
      #expect(try tx.merge(texts, 2, .json(#"{"a":null,"c":3}"#)) == #"{"b":2,"c":3}"#)
      for key in [1, 2, 3] {
        let patch = key == 1 ? "{}" : "no JSON"
        let error = #expect(throws: UpkeepError.self) { try tx.merge(texts, key, .json(patch)) }
        #expect(error?.code == .badInput)
      }
      #expect(try tx.get(texts, 3) == nil)
      #expect(try tx.merge(reals, 1, .add(1.5)) == 1.5)
      #expect(try tx.merge(reals, 1, .add(1)) == 2.5)
      #expect(try tx.merge(reals, 1, BucketMerge(3) { $0 * $1 }) == 7.5)
    }
    #expect(try store.verify() == [])
  }

  @Test("A bucket is used with the types that it was made with, also after it was opened again")
  func types() throws {
    let files = MemoryFileSystem()
    let store = try Store("b.upkeep", fileSystem: files)
    try store.write { try $0.put(store.bucket("b", key: Int64.self, value: Double.self), 1, 2) }
    try store.close()
    let again = try Store("b.upkeep", fileSystem: files)
    #expect(try again.read { try $0.get(again.bucket("b", key: Int.self, value: Double.self), 1) } == 2)
    let wrong = again.bucket("b", key: UInt64.self, value: Double.self)
    for use in [
      { tx throws in _ = try tx.get(wrong, 1) }, { tx throws in _ = try tx.count(wrong) },
      { tx throws in try tx.put(wrong, 1, 1) }, { tx throws in _ = try tx.range(wrong) },
      { tx throws in try tx.delete(wrong, from: nil, upTo: nil) },
    ] as [(Transaction) throws -> Void] {
      let error = #expect(throws: UpkeepError.self) { try again.write(use) }
      #expect(error?.code == .typeMismatch)
      #expect(error?.message.contains("integer keys and real values, not unsigned keys") == true)
    }
    #expect(try again.read { try $0.count(again.bucket("b", key: Int.self, value: Double.self)) } == 1)
  }

  @Test("An error within a loop is thrown by the read or write around it")
  func loops() throws {
    let store = try Store.inMemory()
    // Values that are no text of the type, as another program may have written them.
    let texts = store.bucket("b", key: Int.self, value: String.self)
    let colors = Bucket<Int, Mislabelled>("b")
    try store.write { tx throws in
      try tx.put(texts, 1, "red")
      try tx.put(texts, 2, "blue")
    }
    var seen: [Int] = []
    let reading = #expect(throws: UpkeepError.self) {
      try store.read { for (key, _) in try $0.range(colors) { seen.append(key) } }
    }
    #expect(reading?.code == .typeMismatch && seen == [1])
    let writing = #expect(throws: UpkeepError.self) {
      try store.write { tx throws in
        try tx.put(texts, 3, "red")
        for _ in try tx.range(colors) {}
      }
    }
    #expect(writing?.code == .typeMismatch)
    #expect(try store.read { try $0.count(texts) } == 2)
    #expect(try store.read { try $0.range(texts).prefix(1).map(\.key) } == [1])
  }

  private struct Mislabelled: BucketValue {
    static var bucketType: String { "text" }
    init?(bucketValue bytes: UnsafeRawBufferPointer) { if bytes.count != 3 { return nil } }
    func appendBucketValue(to bytes: inout [UInt8]) {}
  }
}
