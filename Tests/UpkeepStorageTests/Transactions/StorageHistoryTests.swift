import Foundation
import Testing

@testable import UpkeepStorage

/// Random histories of a store against dictionaries: commits, rollbacks, savepoints, checkpoints, snapshots held
/// across commits, closing and opening again. A failure prints its seed.
struct StorageHistoryTests {
  struct Random: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
    mutating func below(_ n: Int) -> Int { Int(next() % UInt64(n)) }
  }

  typealias Model = [TreeID: [[UInt8]: [UInt8]]]

  static func compare(_ transaction: ReadTransaction, _ model: Model, _ comment: Comment) throws {
    for (tree, entries) in model {
      #expect(try transaction.count(tree) == UInt64(entries.count), comment)
      let cursor = try transaction.cursor(tree)
      var found = try cursor.first()
      for key in entries.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
        try #require(found, comment)
        #expect(Array(cursor.key) == key, comment)
        #expect(Array(try cursor.value()) == entries[key], comment)
        found = try cursor.next()
      }
      #expect(!found, comment)
    }
  }

  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func historyMatchesModel(seed: UInt64) throws {
    let comment: Comment = "seed \(seed)"
    var random = Random(state: seed)
    let folder = FileManager.default.temporaryDirectory.appending(path: "upkeep-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "a.upkeep").path
    var options = StorageOptions()
    options.pageSize = [512, 1024, 8192][random.below(3)]
    options.segmentSize = 16384
    options.checkpointLogSize = 60_000
    options.durability = .none
    // Every other history has the fewest frames that there can be.
    if seed % 2 == 0 { options.cacheSize = 0 }
    var storage = try Storage.open(path, fileSystem: DiskFileSystem(), options: options)
    var model: Model = [.catalog: [:]]
    var snapshots: [(ReadTransaction, Model)] = []

    func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(random.below(4)) } }
    func change(_ transaction: WriteTransaction, _ model: inout Model) throws {
      let trees = model.keys.sorted()
      let tree = trees[random.below(trees.count)]
      switch random.below(20) {
      case 0:
        model[try transaction.createTree()] = [:]
      case 1 where tree != .catalog:
        try transaction.dropTree(tree)
        model[tree] = nil
      case 2:
        let (a, b) = (bytes(random.below(4)), bytes(random.below(4)))
        let removed = try a.withUnsafeBytes { a in
          try b.withUnsafeBytes { b in try transaction.deleteRange(tree, from: a, to: b) }
        }
        let gone = model[tree, default: [:]].keys.filter {
          !$0.lexicographicallyPrecedes(a) && $0.lexicographicallyPrecedes(b)
        }
        #expect(removed == UInt64(gone.count), comment)
        for key in gone { model[tree]?[key] = nil }
      case 3...7:
        let key = bytes(random.below(6))
        let was = try key.withUnsafeBytes { try transaction.delete(tree, $0) }
        #expect(was == (model[tree]?[key] != nil), comment)
        model[tree]?[key] = nil
      default:
        let key = bytes(random.below(6))
        let value = bytes(random.below(20) == 0 ? random.below(4000) : random.below(40))
        try key.withUnsafeBytes { key in try value.withUnsafeBytes { try transaction.put(tree, key, $0) } }
        model[tree]?[key] = value
      }
    }

    for _ in 0..<250 {
      switch random.below(20) {
      case 0:
        try storage.checkpoint()
      case 1:
        snapshots.removeAll()
        try storage.close()
        storage = try Storage.open(path, fileSystem: DiskFileSystem(), options: options)
      case 2:
        snapshots.append((try storage.beginRead(), model))
        if snapshots.count > 3 { snapshots.remove(at: random.below(3)) }
      case 3:
        #expect(try storage.verify() == [], comment)
      default:
        let transaction = try storage.beginWrite()
        var working = model
        for _ in 0..<random.below(30) { try change(transaction, &working) }
        if random.below(3) == 0 {
          let savepoint = try transaction.savepoint()
          let kept = working
          for _ in 0..<random.below(20) { try change(transaction, &working) }
          if random.below(2) == 0 {
            try transaction.rollback(to: savepoint)
            working = kept
            for _ in 0..<random.below(5) { try change(transaction, &working) }
          }
          if random.below(2) == 0 { transaction.release(savepoint) }
        }
        // Statements, each a savepoint, within savepoints that some of them return to.
        var open: [(Savepoint, Model)] = []
        for _ in 0..<random.below(12) {
          let statement = try transaction.savepoint()
          let before = working
          let cursor = try transaction.cursor(.catalog)
          for _ in 0..<random.below(4) { try change(transaction, &working) }
          // The cursor still reads what was there before the statement.
          var keys: [[UInt8]] = []
          var found = try cursor.first()
          while found {
            keys.append(Array(cursor.key))
            #expect(Array(try cursor.value()) == before[.catalog]?[keys[keys.count - 1]], comment)
            found = try cursor.next()
          }
          #expect(keys.count == before[.catalog]?.count, comment)
          switch random.below(5) {
          case 0:
            try transaction.rollback(to: statement)
            working = before
            transaction.release(statement)
          case 1 where open.count < 3:
            open.append((statement, before))
          case 2 where !open.isEmpty:
            let (outer, kept) = open.removeLast()
            if random.below(2) == 0 {
              try transaction.rollback(to: outer)
              working = kept
            }
            transaction.release(outer)
          default:
            transaction.release(statement)
          }
        }
        try Self.compare(transaction, working, comment)
        if random.below(5) == 0 {
          transaction.rollback()
        } else {
          try transaction.commit()
          model = working
        }
      }
      for (snapshot, seen) in snapshots { try Self.compare(snapshot, seen, comment) }
    }
    snapshots.removeAll()
    #expect(try storage.verify() == [], comment)
    // Left as a crash leaves it: the next opening replays the log. No checkpoint changes the file under the copy.
    storage.core.checkpoints.stop()
    let copy = folder.appending(path: "b.upkeep").path
    try FileManager.default.copyItem(atPath: path, toPath: copy)
    if FileManager.default.fileExists(atPath: path + "-wal") {
      try FileManager.default.copyItem(atPath: path + "-wal", toPath: copy + "-wal")
    }
    let recovered = try Storage.open(copy, fileSystem: DiskFileSystem(), options: options)
    #expect(try recovered.verify() == [], comment)
    try Self.compare(try recovered.beginRead(), model, comment)
    try storage.close()
  }
}
