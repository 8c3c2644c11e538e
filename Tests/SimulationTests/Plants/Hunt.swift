import UpkeepStorage
import UpkeepTesting

/// A search for failures that ends with the first.
struct Hunt: CustomStringConvertible, Sendable {
  let description: String
  let run: @Sendable () -> [String]

  /// Power loss at every change of a program.
  static func crash(_ workload: Workload) -> Hunt {
    Hunt(description: "crash, \(workload)") {
      let harness = Harness<EngineStore>("crash", workload)
      harness.failureLimit = 1
      harness.crashEverywhere()
      return harness.failures
    }
  }

  /// Every call of a program failing.
  static func fault(_ workload: Workload) -> Hunt {
    Hunt(description: "fault, \(workload)") {
      let harness = Harness<EngineStore>("fault", workload)
      harness.failureLimit = 1
      harness.failEverywhere()
      return harness.failures
    }
  }

  /// A program without any fault, looked at after each step.
  static func plain(_ workload: Workload) -> Hunt {
    Hunt(description: "plain, \(workload)") {
      let harness = Harness<EngineStore>("plain", workload)
      let disk = SimulatedFileSystem(seed: Settings.seed)
      var progress = Progress()
      do {
        var store: EngineStore? = try EngineStore.open(on: disk, workload.options)
        for (number, step) in workload.steps.enumerated() where harness.failures.isEmpty {
          try harness.take(step, &store, disk, &progress)
          let done = progress.acknowledged
          if let store { _ = try harness.look(at: store, done...done, "plain/\(workload)/\(number)") }
        }
      } catch {
        harness.fail("plain/\(workload)", "\(error)")
      }
      return harness.failures
    }
  }

  /// A check of one thing, which says what is wrong.
  static func check(_ name: String, _ body: @escaping @Sendable () throws -> [String]) -> Hunt {
    Hunt(description: name) {
      do { return try body() } catch { return ["\(name): \(error)"] }
    }
  }
}
