import Foundation
import Harness

/// Runs contenders side by side, a workload at a time, taking turns; who begins changes with the round and the workload.
struct Comparison {
  private let setting: Setting
  private let folder: String
  private let stages: [Stage]
  private let only: [String]
  private let makeContenders: () -> [any Contender]
  private(set) var results: Results
  private(set) var failures: [String] = []

  static let rest = Row("work in the background after the rows above, all together", isCompared: false)

  init(
    _ setting: Setting, stages: [Stage] = Stage.all, folder: String, only: [String], main: String,
    peers: [String],
    _ makeContenders: @escaping () -> [any Contender]
  ) {
    self.setting = setting
    self.stages = stages
    self.folder = folder
    self.only = only
    self.makeContenders = makeContenders
    results = Results(names: makeContenders().map(\.name), main: main, peers: peers)
  }

  private func isAskedFor(_ workload: Workload) -> Bool {
    workload.rows.contains(where: isAskedFor)
  }

  private func isAskedFor(_ row: Row) -> Bool {
    only.isEmpty || only.contains { row.title.contains($0) }
  }

  mutating func round(_ number: Int) throws {
    var restless: [String: Double] = [:]
    for stage in stages {
      guard stage.workloads.contains(where: isAskedFor) else { continue }
      let workloads = stage.workloads.filter { $0.isSetup || isAskedFor($0) }
      let subjects = makeContenders().enumerated().map { i, contender in
        Subject(contender, folder: "\(folder)/\(number)-\(stage.name)-\(i)")
      }
      for subject in subjects { try subject.open() }
      for (step, workload) in workloads.enumerated() {
        let start = wallClock()
        for i in subjects.indices {
          try measure(workload, subjects[(i + number + step) % subjects.count])
        }
        compare(subjects, workload)
        say("round \(number + 1), \(digits(wallClock() - start)) s: \(workload.rows[0].title)")
      }
      for subject in subjects {
        try? subject.close()
        FolderFiles.remove(subject.folder)
        restless[subject.contender.name, default: 0] += subject.restlessSeconds
      }
    }
    if only.isEmpty {
      for (name, seconds) in restless { results.add(seconds * 1e9, to: Self.rest, of: name) }
    }
  }

  private mutating func measure(_ workload: Workload, _ subject: Subject) throws {
    let name = subject.contender.name
    if let reason = subject.failure ?? subject.contender.absence(from: workload) {
      for row in workload.rows { results.leaveOut(row, of: name, because: reason) }
      return
    }
    do {
      let figures = try workload.measure(subject, setting)
      for (row, figure) in zip(workload.rows, figures) where isAskedFor(row) {
        results.add(figure, to: row, of: name)
      }
      for row in workload.rows.dropFirst(figures.count) {
        results.leaveOut(row, of: name, because: "this system does not tell")
      }
      let start = wallClock()
      try subject.contender.settle()
      subject.restlessSeconds += wallClock() - start
    } catch let error as Unsupported {
      for row in workload.rows { results.leaveOut(row, of: name, because: error.description) }
    } catch {
      let failure = "failed in \"\(workload.rows[0].title)\": \(error)"
      subject.failure = failure
      failures.append("\(name) \(failure)")
      say("\(name) \(failure)")
      for row in workload.rows { results.leaveOut(row, of: name, because: failure) }
    }
  }

  /// Contenders that do the same work come to the same sums.
  private mutating func compare(_ subjects: [Subject], _ workload: Workload) {
    let taking = subjects.filter { subject in
      subject.failure == nil && subject.contender.absence(from: workload) == nil
        && subject.contender.keepsUp
    }
    for other in taking.dropFirst() where other.verified != taking[0].verified {
      let first = taking[0]
      let failure =
        "after \"\(workload.rows[0].title)\" \(other.contender.name) read other rows than \(first.contender.name)"
      failures.append(failure)
      say(failure)
    }
    for subject in subjects { subject.forget() }
  }

  private func say(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
