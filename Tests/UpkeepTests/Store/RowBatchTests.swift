import Testing
import Upkeep
import UpkeepTestSupport

/// Rows by the names of their columns, many as one statement, in a transaction and of a store.
@Suite struct RowBatchTests {
  private let columns = ColumnNames(["icao", "iata", "seen"])

  private func row(_ icao: String, _ iata: Value = .null, _ seen: Value = 0) -> RowInput {
    RowInput(columns, [.text(icao), iata, seen])
  }

  private func rows(_ store: Store) throws -> [[Value]] {
    try store.read {
      try $0.scan("airport").rows().map { [$0["icao"], $0["iata"], $0["seen"]].map { $0 ?? .null } }
    }
  }

  @Test("Of several clauses the first that is met rules, for one row and for many")
  func clauses() throws {
    let store = try Store.ofAirports([heathrow, gatwick])
    let clauses: [ConflictClause] = [
      .on(.index("airport_iata"), .merge(columns: ["seen"])), .on(.primaryKey, .ignore),
    ]
    try store.write { tx throws in
      let first = try tx.upsert(row("EGKK", "LHR", 9), into: "airport", clauses: clauses)
      guard case .updated(_, let new, "(iata)", _) = first else { throw Unexpected("\(first)") }
      #expect(new[0] == "EGLL" && new[4] == 9)
      let result = try tx.upsert(
        contentsOf: [row("EGKK", "new", 5), row("X", "LHR", 7)], into: "airport", clauses: clauses,
        collectsOutcomes: true)
      #expect(result.outcomes?.map(\.kind) == [.ignored, .updated])
      // None at all: whatever is met is an error.
      let met = #expect(throws: UpkeepError.self) { try tx.upsert(row("EGKK"), into: "airport", clauses: []) }
      #expect(met?.code == .uniqueViolation)
      // What stands in their place is not said beside them.
      let one = #expect(throws: UpkeepError.self) {
        try tx.upsert(row("A"), into: "airport", .ignore, clauses: clauses)
      }
      let many = #expect(throws: UpkeepError.self) {
        try tx.upsert(contentsOf: [row("A")], into: "airport", on: .anyUnique, clauses: clauses)
      }
      #expect(one?.code == .misuse && one?.message.contains("clauses:") == true && many?.code == .misuse)
      #expect(try tx.find("airport", "A") == nil)
    }
    #expect(try rows(store) == [["EGKK", "LGW", 2], ["EGLL", "LHR", 7]])
  }

  @Test("NULL that is not given changes nothing, and an insert gives the default")
  func mergeNonNull() throws {
    let store = try Store.ofAirports([heathrow])
    try store.write { tx throws in
      #expect(try tx.upsert(row("EGLL", .null, 4), into: "airport", .mergeNonNull).kind == .updated)
      #expect(try tx.upsert(row("EGLL", .null, .null), into: "airport", .mergeNonNull).kind == .unchanged)
      let result = try tx.upsert(
        contentsOf: [row("A", "AAA", .null), row("EGLL", .null, 5)], into: "airport", .mergeNonNull)
      #expect(result.inserted == 1 && result.updated == 1)
      let mixed = #expect(throws: UpkeepError.self) {
        try tx.upsert(
          row("A"), into: "airport",
          clauses: [.on(.index("airport_iata"), .mergeNonNull), .on(.primaryKey, .merge)])
      }
      #expect(mixed?.code == .misuse)
    }
    #expect(try rows(store) == [["A", "AAA", 0], ["EGLL", "LHR", 5]])
  }

  @Test("A dry run tells what would happen and leaves nothing, in a transaction and of a store")
  func dryRun() async throws {
    let store = try Store.ofAirports([heathrow, gatwick])
    let before = try rows(store)
    let incoming = [row("EGLL", "LGW", 3), row("A", "AAA")]
    let dry = try await store.upsert(
      contentsOf: incoming, into: "airport", ambiguity: .displace, collectsOutcomes: true, dryRun: true)
    #expect(dry.updated == 1 && dry.inserted == 1 && dry.displaced == 1)
    let synced = try await store.sync("airport", with: incoming, displaces: true, dryRun: true)
    #expect(synced.inserted == 1 && synced.updated == 1 && synced.deleted == 1)
    await #expect(throws: UpkeepError.self) {
      try await store.upsert(contentsOf: incoming, into: "airport", .fail, dryRun: true)
    }
    #expect(try rows(store) == before)
    let real = try await store.upsert(
      contentsOf: incoming, into: "airport", ambiguity: .displace, collectsOutcomes: true)
    #expect("\(dry) \(dry.outcomes ?? [])" == "\(real) \(real.outcomes ?? [])")
    #expect(try store.verify() == [])
  }

  /// What was told, from whatever thread.
  private final class Told: @unchecked Sendable {
    private let progress = Guarded<[UpsertProgress]>([])
    var all: [UpsertProgress] { progress.withLock { $0 } }
    func add(_ told: UpsertProgress) { progress.withLock { $0.append(told) } }
  }

  @Test("Progress has the rows so far: those read, those taken and those set aside")
  func progress() async throws {
    let store = try Store.ofAirports()
    let incoming = (0..<2500).map { row("A\($0)", .null, $0 % 1000 == 1 ? "x" : 1) }
    try await store.write { tx in
      var told: [UpsertProgress] = []
      let result = try tx.upsert(
        contentsOf: incoming, into: "airport", rejects: .collect(limit: nil), dryRun: true
      ) { told.append($0) }
      #expect(told.map(\.rowsGiven) == [1024, 2048, 2500] && told.map(\.rowsRead) == [1024, 2048, 2500])
      #expect(told.last?.rejected == 3 && result.rejected == 3)
    }
    let told = Told()
    let stream = AsyncStream<RowInput> { stream in
      for row in incoming { stream.yield(row) }
      stream.finish()
    }
    _ = try await store.sync("airport", with: stream, rejects: .collect(limit: nil)) { told.add($0) }
    #expect(told.all.map(\.rowsRead) == [1024, 2048, 2500, 2500, 2500])
    #expect(told.all.map(\.rowsGiven) == [0, 0, 1024, 2048, 2500])
    #expect(told.all.map(\.rejected) == [0, 0, 2, 3, 3])
  }

  @Test("Rows of a long asynchronous sequence go through a file, whatever columns each gives")
  func spooledRows() async throws {
    let options = StoreOptions { $0.statementByteCount = 2000 }
    let store = try Store.ofAirports(in: Store("t.upkeep", options, fileSystem: MemoryFileSystem()))
    let count = 4000
    @Sendable func row(_ number: Int) -> RowInput {
      var names = ["icao"]
      var values: [Value] = [.text("\(number)")]
      if number % 2 == 0 {
        names.append("seen")
        values.append(.integer(Int64(number)))
      }
      if number % 3 == 0 {
        names.insert("name", at: 0)
        values.insert(number % 9 == 0 ? .null : "n", at: 0)
      }
      return RowInput(ColumnNames(names), values)
    }
    let stream = AsyncStream<RowInput> { stream in
      for number in 0..<count { stream.yield(row(number)) }
      stream.finish()
    }
    #expect(try await store.upsert(contentsOf: stream, into: "airport").inserted == count)
    let again = try await store.sync("airport", with: (0..<count).lazy.map(row))
    #expect(again.unchanged == count && again.deleted == 0)
    for number in stride(from: 0, to: count, by: 37) {
      let stored = try #require(try store.read { try $0.find("airport", .text("\(number)")) })
      #expect(stored["seen"] == .integer(number % 2 == 0 ? Int64(number) : 0))
      #expect(stored["name"] == (number % 3 == 0 && number % 9 != 0 ? "n" : .null))
    }
    #expect(try store.verify() == [])
  }

  private struct Torn: Error, Equatable {}

  @Test("A sequence that fails midway leaves nothing, however much of it was read")
  func tornSequences() async throws {
    let store = try Store.ofAirports([heathrow])
    let before = try rows(store)
    for length in [0, 1, 1500] {
      let torn = AsyncThrowingStream<RowInput, any Error> { stream in
        for number in 0..<length { stream.yield(row("A\(number)")) }
        stream.finish(throwing: Torn())
      }
      await #expect(throws: Torn.self) { try await store.upsert(contentsOf: torn, into: "airport") }
      let tornRecords = AsyncThrowingStream<PartialRecord<Airport>, any Error> { stream in
        for number in 0..<length { stream.yield(Airport.partial { $0.icao = "A\(number)" }) }
        stream.finish(throwing: Torn())
      }
      await #expect(throws: Torn.self) { try await store.sync(with: tornRecords) }
      #expect(try rows(store) == before)
    }
  }

  @Test("A sequence that ends because its task was cancelled is not taken for a whole one")
  func cancelledSequences() async throws {
    let store = try Store.ofAirports([heathrow, gatwick])
    let before = try rows(store)
    let (rowStream, rowInput) = AsyncStream<RowInput>.makeStream()
    let (recordStream, recordInput) = AsyncStream<Airport>.makeStream()
    rowInput.yield(row("A"))
    recordInput.yield(kennedy)
    let sync = Task { try await store.sync("airport", with: rowStream) }
    let upsert = Task { try await store.upsert(contentsOf: recordStream) }
    sync.cancel()
    upsert.cancel()
    await #expect(throws: CancellationError.self) { try await sync.value }
    await #expect(throws: CancellationError.self) { try await upsert.value }
    #expect(try rows(store) == before)
  }

  @Test("A sync of a store takes and counts as that of a transaction does")
  func sync() async throws {
    let store = try Store.ofAirports([heathrow, gatwick])
    let incoming = [row("EGLL", "LHR", 1), row("A", "LGW")]
    let result = try await store.sync("airport", with: incoming, by: .on("icao"), collectsOutcomes: true)
    #expect(result.outcomes?.map(\.kind) == [.unchanged, .inserted] && result.deleted == 1)
    await #expect(throws: UpkeepError.self) { try await store.sync("airport", with: [RowInput]()) }
    #expect(try await store.sync("airport", with: [RowInput](), allowsEmpty: true).deleted == 2)
  }
}
