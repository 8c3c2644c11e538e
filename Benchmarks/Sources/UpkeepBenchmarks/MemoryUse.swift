import Foundation
import Harness

/// How much memory a process takes that loads a table in one transaction and reads it. Each engine has a process of
/// its own, and a cache of 64 MB.
enum MemoryUse {
  static let cacheBytes = 64 << 20

  static func run(_ options: Options, rows: Int) throws -> Results {
    let engines = Engines.made(options, withExclusive: false)
    let kinds = [
      Row("most memory resident: load of \(rows) rows in one transaction, cache 64 MB", .bytes),
      Row("the same after a full scan as well", .bytes),
      Row("of it before a store was opened: the program and what it is linked with", .bytes),
      Row("file size", .bytes),
    ]
    var results = Results(names: engines.map(\.name), main: Engines.main, peers: Engines.peers)
    for (i, engine) in engines.enumerated() {
      let (figures, status) = try ChildProcess.figures(
        ["--memory-of", "\(i)", "--rows", "\(rows)", "--folder", "\(options.folder)/memory-\(i)"]
          + options.engines.flatMap { ["--engine", $0] })
      for (row, figure) in zip(kinds, figures) { results.add(figure, to: row, of: engine.name) }
      for row in kinds.dropFirst(figures.count) {
        results.leaveOut(row, of: engine.name, because: "its process ended with \(status)")
      }
    }
    return results
  }

  /// In the engine's own process: prints the figures.
  static func measure(_ options: Options, engine number: Int, rows: Int) throws {
    let engine = Engines.made(options, withExclusive: false)[number]
    let linked = ProcessFigures.peakResidentBytes
    let folder = options.folder
    try FolderFiles.make(folder)
    defer { FolderFiles.remove(folder) }
    try engine.open(folder, .none, cacheBytes: cacheBytes)
    try engine.session().write(People(made: rows) { Person($0 * 2) }, .append)
    let loaded = ProcessFigures.peakResidentBytes
    _ = try engine.session().scan()
    let scanned = ProcessFigures.peakResidentBytes
    try engine.close()
    guard let linked, let loaded, let scanned else {
      throw Unsupported("this system does not tell what is resident")
    }
    print("\(loaded) \(scanned) \(linked) \(FolderFiles.bytesOnDisk(in: folder))")
  }
}
