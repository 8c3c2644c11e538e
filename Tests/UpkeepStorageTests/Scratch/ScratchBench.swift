import Foundation
import Testing

@testable import UpkeepStorage

struct ScratchBench {
  @Test func scratchGet() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "upkeep-bench-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var options = StorageOptions()
    options.durability = .none
    let rows: UInt64 = 1_000_000
    for kind in ["memory", "file"] {
      let storage = kind == "memory" ? try Storage.inMemory(options: options) : try Storage.open(folder.appending(path: "a").path, fileSystem: DiskFileSystem(), options: options)
      var t = try storage.beginWrite()
      let tree = try t.createTree()
      let value = [UInt8](repeating: 7, count: 100)
      let w0 = DispatchTime.now().uptimeNanoseconds
      for row in 0..<rows {
        try withUnsafeBytes(of: row.bigEndian) { k in try value.withUnsafeBytes { try t.put(tree, k, $0) } }
      }
      try t.commit()
      print(kind, "load ns/row", (DispatchTime.now().uptimeNanoseconds - w0) / rows)
      try storage.checkpoint()
      for round in 0..<5 {
        let n: UInt64 = 1_000_000
        var sum = 0
        let read = try storage.beginRead()
        var t0 = DispatchTime.now().uptimeNanoseconds
        for i in 0..<n {
          let row = (i &* 0x9E37_79B9_7F4A_7C15) % rows
          sum &+= try withUnsafeBytes(of: row.bigEndian) { try read.get(tree, $0) }?.count ?? 0
        }
        let a = DispatchTime.now().uptimeNanoseconds - t0
        t0 = DispatchTime.now().uptimeNanoseconds
        for i in 0..<n {
          let row = (i &* 0x9E37_79B9_7F4A_7C15) % 1000
          sum &+= try withUnsafeBytes(of: row.bigEndian) { try read.get(tree, $0) }?.count ?? 0
        }
        let a2 = DispatchTime.now().uptimeNanoseconds - t0
        read.end()
        t0 = DispatchTime.now().uptimeNanoseconds
        for i in 0..<n {
          let row = (i &* 0x9E37_79B9_7F4A_7C15) % rows
          let read = try storage.beginRead()
          sum &+= try withUnsafeBytes(of: row.bigEndian) { try read.get(tree, $0) }?.count ?? 0
          read.end()
        }
        let b = DispatchTime.now().uptimeNanoseconds - t0
        let scan = try storage.beginRead()
        let cursor = try scan.cursor(tree)
        t0 = DispatchTime.now().uptimeNanoseconds
        var more = try cursor.first()
        while more { sum &+= cursor.key.count &+ (try cursor.value().count); more = try cursor.next() }
        let c = DispatchTime.now().uptimeNanoseconds - t0
        scan.end()
        print(kind, round, "get", Double(a) / Double(n), "hot", Double(a2) / Double(n), "snapshot+get", Double(b) / Double(n), "scan", Double(c) / Double(rows), sum)
      }
      for _ in 0..<3 {
        t = try storage.beginWrite()
        let t0 = DispatchTime.now().uptimeNanoseconds
        for i in 0..<300_000 as Range<UInt64> {
          let row = (i &* 0x9E37_79B9_7F4A_7C15) % rows
          try withUnsafeBytes(of: row.bigEndian) { k in try value.withUnsafeBytes { try t.put(tree, k, $0) } }
        }
        print(kind, "random put", Double(DispatchTime.now().uptimeNanoseconds - t0) / 300_000)
        t.rollback()
      }
    }
  }
}
