import Testing
import UpkeepStorage
import UpkeepTestSupport

@testable import Upkeep

@Suite struct EntryBatchTests {
  /// A batch does to a tree what its puts and deletes do one by one.
  @Test func aBatchEqualsItsStepsInOrder() throws {
    for _ in 0..<50 {
      var random = SeededGenerator.random()
      let storage = try Storage.inMemory(options: StorageOptions())
      let transaction = try storage.beginWrite()
      let tree = try transaction.createTree()
      var model: [[UInt8]: [UInt8]] = [:]
      let batch = EntryBatch()
      for _ in 0..<random.below(random.oneIn(5) ? 3000 : 200) {
        let key = (0..<(1 + random.below(12))).map { _ in UInt8(random.pick([0, 1, 255])) }
        let value = (0..<random.below(5)).map { _ in UInt8(random.below(256)) }
        if random.oneIn(4) {
          model[key] = nil
          key.withUnsafeBytes { batch.delete($0) }
        } else {
          model[key] = value
          key.withUnsafeBytes { k in value.withUnsafeBytes { v in batch.put(k, v) } }
        }
      }
      try batch.apply(to: tree, in: transaction)
      #expect(batch.isEmpty)
      var found: [[UInt8]: [UInt8]] = [:]
      let cursor = try transaction.cursor(tree)
      var more = try cursor.first()
      while more {
        found[Array(cursor.key)] = Array(try cursor.value())
        more = try cursor.next()
      }
      #expect(found == model, "seed \(random.seed)")
    }
  }
}
