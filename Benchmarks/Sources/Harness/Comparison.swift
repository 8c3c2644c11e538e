/// An engine under measurement: one store, opened anew for each round, that runs the workloads by name.
public protocol Contender: AnyObject {
  /// The engine's name and version.
  var name: String { get }
  /// Makes an empty store in `folder`.
  func open(in folder: String) throws
  /// Brings the store into the mode that a workload asks for; not measured.
  func prepare(_ workload: Workload) throws
  /// Runs a workload and says how many operations it was.
  func run(_ workload: Workload) throws -> Int
  /// Closes the store, and says how many bytes its files take.
  func close() throws -> Int
}

/// What is measured. Each works on what those before it left.
public enum Workload: String, CaseIterable, Sendable {
  case loadInOrder = "bulk load, ids in order, one transaction"
  case pointReadByID = "point read by id, in a transaction"
  case pointReadEach = "point read by id, a transaction each"
  case pointReadByEmail = "point read by unique email, in a transaction"
  case fullScan = "full scan, all columns"
  case count = "count(*)"
  case upsertHalfNew = "bulk upsert by id, half new, one transaction"
  case upsertUnchanged = "bulk upsert, nothing changes, one transaction"
  case upsertThousands = "bulk upsert by id, half new, transactions of 1,000"
  case insertOrIgnore = "insert-or-ignore, 90% there, one transaction"
  case commitUnsynced = "one-row upsert commits, not synced"
  case commitFull = "one-row upsert commits, synced"
}

/// Runs contenders side by side, a workload at a time, and keeps their figures.
public struct Comparison {
  /// Figures by workload, then by contender.
  public private(set) var figures: [Workload: [String: Measurement]] = [:]
  /// Bytes of the files after close, by contender, last round.
  public private(set) var sizes: [String: Int] = [:]
  /// The contenders' names, in order.
  public private(set) var names: [String] = []

  /// Nothing measured yet.
  public init() {}

  /// One round: every contender, workload by workload, taking turns; who begins changes with the round.
  public mutating func round(
    _ number: Int, folder: String, contenders: [any Contender], workloads: [Workload], log: (String) -> Void
  ) throws {
    names = contenders.map(\.name)
    for (i, contender) in contenders.enumerated() { try contender.open(in: "\(folder)/\(number)-\(i)") }
    for (step, workload) in workloads.enumerated() {
      let shift = (number + step) % contenders.count
      for i in contenders.indices {
        let contender = contenders[(i + shift) % contenders.count]
        try contender.prepare(workload)
        let start = wallClock()
        let operations = try contender.run(workload)
        let seconds = wallClock() - start
        figures[workload, default: [:]][contender.name, default: Measurement()]
          .add(seconds: seconds, operations: operations)
      }
      log("round \(number + 1): \(workload.rawValue)")
    }
    for contender in contenders { sizes[contender.name] = try contender.close() }
  }
}
