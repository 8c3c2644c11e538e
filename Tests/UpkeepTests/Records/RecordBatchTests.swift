import Testing
import Upkeep

/// Many records as one statement.
@Suite struct RecordBatchTests {
  private func airport(_ icao: String, _ iata: String?, seen: Int = 0) -> Airport {
    Airport(icao: icao, iata: iata, name: "name of \(icao)", elevation: nil, seen: seen)
  }

  // Keys are judged when the statement is whole (5).
  @Test("Records may swap keys, and outcomes are records in input order")
  func swap() throws {
    let store = try Store.ofAirports([airport("A", "AAA"), airport("B", "BBB")])
    try store.write { tx throws in
      let result = try tx.upsert(
        contentsOf: [airport("A", "BBB"), airport("B", "AAA"), airport("C", "CCC")], collectsOutcomes: true)
      #expect(result.updated == 2 && result.inserted == 1)
      #expect("\(result)" == "\(result.result)")
      let outcomes = try result.recordOutcomes()
      #expect(outcomes.map(\.kind) == [.updated, .updated, .inserted])
      #expect(outcomes.map { $0.stored?.iata } == ["BBB", "AAA", "CCC"])
      guard case .updated(let old, _, "(icao)", _) = outcomes[0] else { throw Unexpected("\(outcomes)") }
      #expect(old == airport("A", "AAA"))
    }
    #expect(try store.verify() == [])
  }

  // A feed that trickles in is spooled before the writer's turn is taken (15).
  @Test("Records of a long asynchronous sequence go through a file and come out as they went in")
  func spooledRecords() async throws {
    let options = StoreOptions { $0.statementByteCount = 2000 }
    let store = try Store.ofAirports(in: Store("t.upkeep", options, fileSystem: MemoryFileSystem()))
    let count = 3000
    @Sendable func record(_ number: Int) -> Airport {
      Airport(
        icao: "\(number)", iata: number % 3 == 0 ? nil : "i\(number)", name: "name",
        elevation: number % 5 == 0 ? nil : Double(number), seen: number)
    }
    let feed = AsyncStream<Airport> { feed in
      for number in 0..<count { feed.yield(record(number)) }
      feed.finish()
    }
    let result = try await store.upsert(contentsOf: feed, .mergeNonNull)
    #expect(result.inserted == count)
    let again = try await store.sync(with: (0..<count).lazy.map(record))
    #expect(again.unchanged == count && again.deleted == 0)
    for number in stride(from: 0, to: count, by: 97) {
      #expect(try store.find(Airport.self, "\(number)") == record(number))
    }
    #expect(try store.verify() == [])
  }

  // Rows of one batch may give different columns (2).
  @Test("Partial records of different shapes go in together")
  func partials() throws {
    let store = try Store.ofAirports([heathrow, gatwick])
    try store.write { tx throws in
      let result = try tx.upsert(contentsOf: [
        Airport.partial {
          $0.icao = "EGLL"
          $0.name = "London"
        },
        Airport.partial {
          $0.icao = "EGKK"
          $0.elevation = nil
        },
        Airport.partial {
          $0.seen = 9
          $0.icao = "EGLL"
        },
      ])
      #expect(result.updated == 3)
      #expect(
        try tx.find(Airport.self, "EGLL")
          == Airport(icao: "EGLL", iata: "LHR", name: "London", elevation: 25, seen: 9))
      #expect(try tx.find(Airport.self, "EGKK")?.elevation == nil)
      #expect(try tx.find(Airport.self, "EGKK")?.name == "Gatwick")
      #expect(throws: UpkeepError.self) {
        try tx.upsert(contentsOf: [
          Forgetful.partial { $0.icao = "ZZZZ" }, Forgetful.partial { $0.name = "" },
        ])
      }
      #expect(try tx.find("airport", "ZZZZ") == nil)
    }
  }

  @Test("mergeNonNull over many records with nils in different places")
  func mergeNonNull() throws {
    let store = try Store.ofAirports([heathrow, gatwick])
    try store.write { tx throws in
      let result = try tx.upsert(
        contentsOf: [
          Airport(icao: "EGLL", iata: nil, name: "L", elevation: 1, seen: 1),
          Airport(icao: "EGKK", iata: "GGG", name: "G", elevation: nil, seen: 2),
        ], .mergeNonNull)
      #expect(result.updated == 2)
      #expect(
        try tx.all(Airport.self).records() == [
          Airport(icao: "EGKK", iata: "GGG", name: "G", elevation: 62, seen: 2),
          Airport(icao: "EGLL", iata: "LHR", name: "L", elevation: 1, seen: 1),
        ])
    }
  }

  // The same key twice in one batch (7).
  @Test("Records with one key fold, or the first or last counts, or they fail")
  func duplicates() throws {
    let rows = [airport("A", "AAA", seen: 1), airport("A", "AAA", seen: 2), airport("A", "AAA", seen: 4)]
    func seen(_ duplicates: DuplicatePolicy, _ action: RecordAction<Airport> = .merge) throws -> Int? {
      let store = try Store.ofAirports()
      return try store.write { tx throws in
        let result = try tx.upsert(contentsOf: rows, action, duplicates: duplicates)
        #expect(result.rowsGiven == 3)
        return try tx.find(Airport.self, "A")?.seen
      }
    }
    #expect(try seen(.fold, .update { $0.seen += $1.seen }) == 7)
    #expect(try seen(.fold) == 4)
    #expect(try seen(.first) == 1)
    #expect(try seen(.last) == 4)
    #expect(throws: UpkeepError.self) { try seen(.fail) }
  }

  // When a row is bad (11).
  @Test("A bad record fails the statement whole, or is set aside with its reason")
  func rejects() throws {
    let store = try Store.ofAirports([heathrow])
    let rows = [airport("A", "AAA"), airport("B", "LHR"), airport("C", "CCC")]
    try store.write { tx throws in
      let error = #expect(throws: UpkeepError.self) { try tx.upsert(contentsOf: rows) }
      #expect(error?.rowNumber == 2 && error?.existingKey == "EGLL")
      #expect(try tx.count("airport") == 1)
      let result = try tx.upsert(contentsOf: rows, rejects: .collect(limit: 5), collectsOutcomes: true)
      #expect(result.inserted == 2 && result.rejected == 1)
      #expect(result.rejects.map(\.rowNumber) == [2])
      guard case .rejected(let reason) = try result.recordOutcomes()[1] else {
        throw Unexpected("not rejected")
      }
      #expect(reason.key == "LHR")
    }
  }

  // Stale holders of a claimed key give way and are named (6).
  @Test("Displaced rows are given as records")
  func displaced() throws {
    let store = try Store.ofAirports([heathrow, gatwick])
    try store.write { tx throws in
      let result = try tx.upsert(
        contentsOf: [airport("A", "LHR"), airport("B", "BBB")], ambiguity: .displace, collectsOutcomes: true)
      #expect(result.displaced == 1)
      #expect(try result.displacedRecords() == [heathrow])
    }
  }

  // Look before you leap (13).
  @Test("A dry run tells what would happen and changes nothing")
  func dryRun() throws {
    let store = try Store.ofAirports([heathrow])
    let rows = [airport("A", "AAA"), Airport(icao: "EGLL", iata: "LHR", name: "x", elevation: nil, seen: 0)]
    try store.write { tx throws in
      let before = try tx.all(Airport.self).records()
      let dry = try tx.upsert(contentsOf: rows, collectsOutcomes: true, dryRun: true)
      #expect(try tx.all(Airport.self).records() == before)
      #expect(throws: UpkeepError.self) { try tx.upsert(contentsOf: rows, .fail, dryRun: true) }
      #expect(try tx.all(Airport.self).records() == before)
      let drySync = try tx.sync(with: [rows[0]], dryRun: true)
      #expect(drySync.deleted == 1 && drySync.inserted == 1)
      #expect(try tx.all(Airport.self).records() == before)
      let real = try tx.upsert(contentsOf: rows, collectsOutcomes: true)
      #expect("\(dry)" == "\(real)")
      #expect(try dry.recordOutcomes().map(\.stored) == real.recordOutcomes().map(\.stored))
      // An id is not used up by a dry run.
      let event = Event(kind: .opened, isUrgent: false, at: Timestamp(microseconds: 0))
      _ = try tx.upsert(contentsOf: [event, event], dryRun: true)
      #expect(try tx.save(event).id == 1)
    }
    #expect(try store.verify() == [])
  }

  @Test("Progress is told as records are taken, and at the end")
  func progress() throws {
    let store = try Store.ofAirports()
    let rows = (0..<2500).map { airport("A\($0)", nil) }
    var told: [Int] = []
    try store.upsert(contentsOf: rows) { told.append($0.rowsGiven) }
    #expect(told == [1024, 2048, 2500])
    #expect(try store.read { try $0.count("airport") } == 2500)
  }

  // SYNC makes the table equal to its source; fold is the default for one key twice (7, 12).
  @Test("A sync makes the table what the records are")
  func sync() throws {
    let store = try Store.ofAirports([heathrow, gatwick])
    let feed = [
      airport("A", "AAA", seen: 1), airport("A", "AAA", seen: 2),
      Airport(icao: "EGLL", iata: "LHR", name: "L", elevation: nil, seen: 0),
    ]
    try store.write { tx throws in
      #expect(throws: UpkeepError.self) { try tx.sync(with: feed, duplicates: .fail) }
      #expect(throws: UpkeepError.self) { try tx.sync(with: [Airport]()) }
      #expect(try tx.count("airport") == 2)
    }
    let result = try store.sync(with: feed)
    #expect(result.inserted == 1 && result.updated == 2 && result.deleted == 1)
    #expect(try store.read { try $0.all(Airport.self).records() } == [feed[1], feed[2]])
    for policy: DuplicatePolicy in [.first, .last] {
      try store.sync(with: feed, duplicates: policy)
      #expect(try store.find(Airport.self, "A")?.seen == (policy == .first ? 1 : 2))
      #expect(try store.read { try $0.count("airport") } == 2)
    }
    try store.sync(with: [Airport](), allowsEmpty: true)
    #expect(try store.read { try $0.count("airport") } == 0)
    #expect(try store.verify() == [])
  }

  /// Gives records one by one, and the writer's turn to somebody else between them.
  private struct Trickle: AsyncSequence, AsyncIteratorProtocol {
    let store: Store
    var left: Int

    mutating func next() async throws -> Airport? {
      if left == 0 { return nil }
      left -= 1
      // This would wait for ever if the statement held the turn already.
      try await store.write { try $0.upsert(["icao": "OTHER"], into: "airport") }
      return Airport(icao: "T\(left)", iata: nil, name: "", elevation: nil, seen: 0)
    }

    func makeAsyncIterator() -> Trickle { self }
  }

  // A source that trickles is read before the writer's turn is taken (15).
  @Test("An asynchronous sequence is gathered before the writer's turn is taken")
  func asynchronous() async throws {
    let store = try Store.ofAirports()
    let result = try await store.upsert(contentsOf: Trickle(store: store, left: 3), .merge)
    #expect(result.inserted == 3)
    let synced = try await store.sync(with: Trickle(store: store, left: 2))
    #expect(synced.unchanged == 2 && synced.deleted == 2)
    // Sequences have the same in asynchronous code.
    let rows = [heathrow, gatwick]
    #expect(try await store.upsert(contentsOf: rows).inserted == 2)
    #expect(try await store.sync(with: rows).deleted == 2)
  }
}
