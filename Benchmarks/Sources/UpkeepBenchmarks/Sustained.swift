import Dispatch
import Foundation
import Harness

/// Random one-row upserts for a long time, on a store that is four times as large as the cache.
enum Sustained {
  private static let rates = [
    Row("sustained one-row upserts, rows a second", .perSecond, aim: 3, peerAim: 1),
    Row("the same, the middle second", .perSecond, aim: 3, peerAim: 1),
    Row("the same, the worst second", .perSecond, aim: 3, peerAim: 1),
    Row("a commit of it, the median"),
    Row("a commit of it, one in a thousand takes longer"),
    Row("what the files take at its end", .bytes),
    Row("file size when closed after it", .bytes),
  ]

  static func run(_ options: Options, rows: Int, seconds: Int) throws -> Results {
    let engines = Engines.made(options, withExclusive: false)
    var results = Results(names: engines.map(\.name), main: Engines.main, peers: Engines.peers)
    for (i, engine) in engines.enumerated() {
      let folder = "\(options.folder)/sustained-\(i)"
      try FolderFiles.make(folder)
      defer { FolderFiles.remove(folder) }
      let figures = try measure(
        engine, folder, rows: rows, seconds: seconds, besideSnapshot: options.keepsSnapshot)
      for (row, figure) in zip(rates, figures) { results.add(figure, to: row, of: engine.name) }
      FileHandle.standardError.write(Data("sustained: \(engine.name), \(figures[0]) rows/s\n".utf8))
    }
    return results
  }

  private static func measure(
    _ engine: any Contender, _ folder: String, rows: Int, seconds: Int, besideSnapshot: Bool
  ) throws -> [Double] {
    try engine.open(folder, .none, cacheBytes: 1 << 30)
    try engine.session().write(People(made: rows) { Person($0 * 2) }, .append)
    try engine.settle()
    try engine.close()
    let size = FolderFiles.bytesOnDisk(in: folder)
    try engine.open(folder, .interval, cacheBytes: Int(size / 4))
    var counts: [Int] = []
    var latencies = Latencies()
    var atTheEnd = 0.0
    func work() throws {
      (counts, latencies) = try upserts(try engine.session(), rows: rows, seconds: seconds)
      atTheEnd = FolderFiles.bytesOnDisk(in: folder)
    }
    if besideSnapshot { try beside(try engine.session(), work) } else { try work() }
    try engine.close()
    let sorted = counts.sorted()
    let mean = Double(counts.reduce(0, +)) / Double(max(counts.count, 1))
    return [
      mean, Double(sorted[sorted.count / 2]), Double(sorted[0]), latencies.nanoseconds(below: 0.5),
      latencies.nanoseconds(below: 0.999), atTheEnd, FolderFiles.bytesOnDisk(in: folder),
    ]
  }

  /// Works while a snapshot from before is kept by another thread.
  private static func beside(_ reader: any Session, _ work: () throws -> Void) throws {
    let reader = Carried(reader)
    let begun = DispatchSemaphore(value: 0)
    let ended = DispatchSemaphore(value: 0)
    let gone = DispatchSemaphore(value: 0)
    let failure = FirstError()
    Thread.detachNewThread {
      do {
        let isSame = try reader.value.keepsSnapshot(reading: 2) {
          begun.signal()
          ended.wait()
        }
        if !isSame { throw PeerFailure("a snapshot changed") }
      } catch { failure.keep(error) }
      begun.signal()
      gone.signal()
    }
    begun.wait()
    let result = Result { try work() }
    ended.signal()
    gone.wait()
    try result.get()
    try failure.rethrow()
  }

  /// How many went in, in each second, and how long each took.
  private static func upserts(
    _ session: any Session, rows: Int, seconds: Int
  ) throws -> ([Int], Latencies) {
    var latencies = Latencies()
    var dice = Dice(state: 99)
    var counts: [Int] = []
    let start = wallClock()
    var total = 0
    var edition = 1
    while counts.count < max(seconds, 1) {
      edition += 1
      let person = [Person(dice.below(rows) * 2, edition: edition)]
      let began = wallClock()
      try session.write(People(person), .upsert)
      latencies.add(wallClock() - began)
      // A second in which nothing went in counts as such.
      let passed = Int(wallClock() - start)
      while counts.count < min(passed, seconds) {
        counts.append(total)
        total = 0
      }
      total += 1
    }
    return (counts, latencies)
  }

  /// How many commits took how many microseconds, up to a second.
  private struct Latencies {
    private var counts = [Int](repeating: 0, count: 1_000_001)
    private var total = 0

    mutating func add(_ seconds: Double) {
      counts[min(Int(seconds * 1e6), counts.count - 1)] += 1
      total += 1
    }

    /// The time in which this part of them was done.
    func nanoseconds(below part: Double) -> Double {
      var left = Int(Double(total) * part)
      for (microseconds, count) in counts.enumerated() {
        left -= count
        if left <= 0 { return Double(microseconds + 1) * 1000 }
      }
      return 1e9
    }
  }
}
