import Foundation
import UpkeepTestSupport

/// Programs made by chance, one after the other, on as many threads as there are processors. What was done is kept in
/// a file, so that the next run goes on from there and adds up.
struct Soak {
  /// What all runs did together.
  struct Total: Equatable, Sendable {
    /// The program to begin next.
    var nextSeed: UInt64 = 1
    var states = 0
    var seconds = 0.0
    /// Programs that failed.
    var failed: [UInt64] = []
  }

  let file: URL
  private(set) var total = Total()

  init(file: URL) throws {
    self.file = file
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    guard let text = try? String(contentsOf: file, encoding: .utf8) else { return }
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count >= 2 else { continue }
      switch words[0] {
      case "next": total.nextSeed = UInt64(words[1]) ?? 1
      case "states": total.states = Int(words[1]) ?? 0
      case "seconds": total.seconds = Double(words[1]) ?? 0
      case "failed": total.failed = words.dropFirst().compactMap { UInt64($0) }
      default: break
      }
    }
  }

  private func save() throws {
    var text = "next \(total.nextSeed)\nstates \(total.states)\nseconds \(Int(total.seconds))\n"
    if !total.failed.isEmpty { text += "failed \(total.failed.map(String.init).joined(separator: " "))\n" }
    try text.write(to: file, atomically: true, encoding: .utf8)
  }

  /// Runs programs for some time, or so many of them.
  ///
  /// - Returns: what failed, each with what replays it.
  mutating func run(seconds: Double = .infinity, programs: Int = .max) throws -> [String] {
    let start = Settings.now()
    let before = total
    var failures: [String] = []
    var done = 0
    let width = max(1, ProcessInfo.processInfo.activeProcessorCount)
    while done < programs, Settings.now() - start < seconds {
      let count = min(width, programs - done)
      let first = total.nextSeed
      let running = (0..<UInt64(count)).map { number in Running { RandomRun(seed: first &+ number) } }
      for run in running {
        let run = try run.value()
        total.states += run.stateCount
        guard !run.failures.isEmpty else { continue }
        total.failed.append(run.seed)
        failures += run.failures
        print("soak: program \(run.seed) failed\n\(run.failures.joined(separator: "\n"))")
      }
      done += count
      total.nextSeed = first &+ UInt64(count)
      let time = Settings.now() - start
      total.seconds = before.seconds + time
      // So that whoever ends the run loses nothing.
      try save()
      let new = total.states - before.states
      print(
        "soak: \(new) states, \(Int(Double(new) / max(time, 0.001))) a second; \(total.states) in all, "
          + "\(total.nextSeed - 1) programs, \(total.failed.count) failed")
    }
    return failures
  }
}
