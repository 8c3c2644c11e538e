import Foundation

import class UpkeepTestSupport.Running

/// Programs one after the other, on as many threads as there are processors: sequences of three operations, after each
/// fifteen of them a program made by chance, which takes about as long, and when there are no more sequences those alone. What was done is kept in a file, so that the next run goes on from
/// there and adds up.
final class Soak: @unchecked Sendable {
  /// What all runs did together.
  struct Total: Equatable, Sendable {
    /// The programs to begin next.
    var nextSeed: UInt64 = 1
    var nextTriple = 0
    var states = 0
    var seconds = 0.0
    /// Programs that failed.
    var failed: [String] = []
  }

  let file: URL
  /// Guarded by `lock`, as all that changes.
  private(set) var total = Total()
  private let lock = NSLock()
  private var failures: [String] = []
  private var startedCount = 0
  private var turn = 0
  private var underWay: Set<ProgramRun.Program> = []

  init(file: URL) throws {
    self.file = file
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    guard let text = try? String(contentsOf: file, encoding: .utf8) else { return }
    for line in text.split(separator: "\n") {
      guard let space = line.firstIndex(of: " ") else { continue }
      let rest = String(line[line.index(after: space)...])
      switch line[..<space] {
      case "next": total.nextSeed = UInt64(rest) ?? 1
      case "triples": total.nextTriple = Int(rest) ?? 0
      case "states": total.states = Int(rest) ?? 0
      case "seconds": total.seconds = Double(rest) ?? 0
      case "failed": total.failed.append(rest)
      default: break
      }
    }
  }

  private func save() throws {
    var nextSeed = total.nextSeed
    var nextTriple = total.nextTriple
    // What is not finished is begun again, should this process end.
    for program in underWay {
      switch program {
      case .random(let seed): nextSeed = min(nextSeed, seed)
      case .triple(let number): nextTriple = min(nextTriple, number)
      }
    }
    var lines = [
      "next \(nextSeed)", "triples \(nextTriple)", "states \(total.states)", "seconds \(Int(total.seconds))",
    ]
    lines += total.failed.map { "failed \($0)" }
    try (lines.joined(separator: "\n") + "\n").write(to: file, atomically: true, encoding: .utf8)
  }

  /// The next program, in turn.
  private func take() -> ProgramRun.Program {
    defer { turn = (turn + 1) % 16 }
    let program: ProgramRun.Program
    if turn != 1, total.nextTriple < Sequences.tripleCount {
      program = .triple(total.nextTriple)
      total.nextTriple += 1
    } else {
      program = .random(seed: total.nextSeed)
      total.nextSeed += 1
    }
    underWay.insert(program)
    startedCount += 1
    return program
  }

  /// Runs programs for some time, or so many of them.
  ///
  /// - Returns: what failed, each with what replays it.
  func run(
    seconds: Double = .infinity, programs: Int = .max,
    threads: Int = ProcessInfo.processInfo.activeProcessorCount
  ) throws -> [String] {
    let start = Settings.now()
    let before = total
    startedCount = 0
    failures = []
    let running = (0..<max(1, threads)).map { _ in
      Running { [self] in
        while let program = lock.withLock({
          startedCount < programs && Settings.now() - start < seconds ? take() : nil
        }) {
          let run = ProgramRun(program)
          try lock.withLock { try finish(run, since: start, before) }
        }
      }
    }
    for thread in running { try thread.value() }
    return failures
  }

  private func finish(_ run: ProgramRun, since start: Double, _ before: Total) throws {
    underWay.remove(run.program)
    total.states += run.stateCount
    if !run.failures.isEmpty {
      total.failed.append("\(run.program)")
      failures += run.failures
      print("soak: \(run.program) failed\n\(run.failures.joined(separator: "\n"))")
    }
    let time = Settings.now() - start
    total.seconds = before.seconds + time
    // So that whoever ends the run loses nothing.
    try save()
    let new = total.states - before.states
    print(
      "soak: \(new) states, \(Int(Double(new) / max(time, 0.001))) a second; \(total.states) in all, "
        + "\(total.nextTriple) of \(Sequences.tripleCount) sequences, \(total.nextSeed - 1) programs, "
        + "\(total.failed.count) failed")
  }
}
