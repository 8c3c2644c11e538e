import Testing
import Upkeep

/// MERGE from Swift, of records and of dynamic rows.
@Suite struct RecordMergeTests {
  private func airport(_ icao: String, _ iata: String?, _ elevation: Double? = nil, seen: Int = 0) -> Airport
  {
    Airport(icao: icao, iata: iata, name: "name of \(icao)", elevation: elevation, seen: seen)
  }

  @Test("The clauses of a merge of records do what those of the statement do")
  func clauses() throws {
    let store = try Store.ofAirports([
      airport("A", "AAA", 1, seen: 5), airport("B", "BBB", 2), airport("C", nil, 3), airport("D", "DDD", 4),
    ])
    let staged = [
      airport("A", "BBB", 10, seen: 2), airport("B", "AAA"), airport("E", "EEE"), airport("F", nil),
    ]
    try store.write { tx throws in
      func merge(dryRun: Bool) throws(UpkeepError) -> RecordMergeResult<Airport> {
        try tx.merge(into: Airport.self, using: staged, on: { $0.icao == $1.icao }, dryRun: dryRun) {
          $0.whenMatched(
            and: { $1.elevation != nil },
            .update {
              $0.elevation = $1.elevation
              $0.seen += $1.seen
              $0.iata = $1.iata
            })
          $0.whenMatched(.update)
          $0.whenNotMatched(and: { $0.iata == nil }, .insert(\.icao, \.name))
          $0.whenNotMatched(.insert)
          $0.whenNotMatchedBySource(and: { $0.iata == nil }, .delete)
          $0.whenNotMatchedBySource(.update { $0.seen += 100 })
        }
      }
      #expect("\(try merge(dryRun: true))" == "2 inserted, 3 updated, 0 unchanged, 1 deleted")
      #expect(try tx.find(Airport.self, "E") == nil)
      let result = try merge(dryRun: false)
      #expect(result.changes == 6)
      #expect(
        try tx.find(Airport.self, "A")
          == Airport(icao: "A", iata: "BBB", name: "name of A", elevation: 10, seen: 7))
      #expect(try tx.find(Airport.self, "B") == airport("B", "AAA"))
      #expect(try tx.find(Airport.self, "C") == nil)
      #expect(try tx.find(Airport.self, "D")?.seen == 100)
      #expect(try tx.find(Airport.self, "E") == airport("E", "EEE"))
      #expect(try tx.find(Airport.self, "F")?.iata == nil)
    }
    #expect(try store.verify() == [])
  }

  @Test("An error names the records, and nothing has changed")
  func errors() throws {
    let stored = [airport("A", "AAA"), airport("B", "BBB")]
    let store = try Store.ofAirports(stored)
    func failure(
      _ staged: [Airport], _ clauses: (inout RecordMerge<Airport, Airport>) -> Void
    ) throws -> UpkeepError? {
      try store.write { tx throws -> UpkeepError? in
        do throws(UpkeepError) {
          try tx.merge(into: Airport.self, using: staged, on: { $0.icao == $1.icao }, clauses)
          return nil
        } catch {
          #expect(try tx.find(Airport.self, "A") == stored[0] && tx.find(Airport.self, "B") == stored[1])
          #expect(try tx.count("airport") == 2)
          return error
        }
      }
    }
    let twice = try failure([airport("B", nil), airport("A", nil), airport("B", "X")]) {
      $0.whenMatched(.update)
    }
    #expect(twice?.code == .changedTwice && twice?.rowNumber == 3 && twice?.existingKey == "B")
    #expect(twice?.message.contains("rows 1 and 3") == true)
    #expect(try failure([airport("B", nil), airport("B", nil)]) { $0.whenMatched(.ignore) } == nil)
    let claim = try failure([airport("C", "CCC"), airport("D", "AAA")]) { $0.whenNotMatched(.insert) }
    #expect(claim?.code == .uniqueViolation && claim?.rowNumber == 2 && claim?.existingKey == "A")
    #expect(try failure([airport("C", nil)]) { $0.whenNotMatched(.fail) }?.code == .refused)
    #expect(try failure([airport("A", nil)]) { $0.whenMatched(.fail) }?.code == .refused)
    #expect(try failure([airport("A", nil)]) { $0.whenNotMatchedBySource(.fail) }?.code == .refused)
    #expect(
      try failure([]) {
        $0.whenMatched(.delete)
        $0.whenMatched(.ignore)
      }?.code == .misuse)
  }

  @Test("Rows by name: what they do not give is left alone")
  func rows() throws {
    let store = try Store.ofAirports([airport("A", "AAA", 1), airport("B", "BBB", 2)])
    let same = Expression.binary(
      .equal, .column(ColumnReference("icao", of: "airport")), .column(ColumnReference("icao", of: "source")))
    try store.write { tx throws in
      let result = try tx.merge(
        into: "airport", using: [["icao": "A", "elevation": 9.0], ["icao": "C", "name": "new"]], on: same,
        [
          MergeClause(.matched, .updateAll), MergeClause(.notMatched, .insertAll),
          MergeClause(.notMatchedBySource, .delete),
        ],
        returning: Returning([.expression(.function("merge_action", []), name: "action"), .all(of: nil)]))
      #expect(result.returnedColumns?.first == "action")
      #expect(result.returned.map { $0[0] } == ["UPDATE", "INSERT", "DELETE"])
      #expect(try tx.find(Airport.self, "A") == airport("A", "AAA", 9))
      #expect(throws: UpkeepError.self) {
        try tx.merge(into: "airport", using: [["nothing": 1]], on: same, [MergeClause(.matched, .delete)])
      }
      #expect(throws: UpkeepError.self) {
        try tx.merge(into: "airport", using: [RowInput](), on: same, [MergeClause(.matched, .insertAll)])
      }
      #expect(throws: UpkeepError.self) {
        try tx.merge(into: "airport", using: [RowInput](), on: same, [MergeClause(.notMatched, .delete)])
      }
    }
  }

  @Test("Records of another type are compared by their own properties")
  func otherRecords() throws {
    let store = try Store.ofAirports([airport("A", "AAA", 1), airport("B", "BBB", 2), airport("C", nil, 3)])
    let bulletins = [
      Bulletin("A", "Alpha", 10), Bulletin("B", "Beta", isClosed: true), Bulletin("N", "New", 7),
      Bulletin("X", "Gone", isClosed: true),
    ]
    try store.write { tx throws in
      let result = try tx.merge(
        into: Airport.self, using: bulletins, on: { $0.icao == $1.code }, collectsOutcomes: true
      ) {
        $0.whenMatched(and: { $1.isClosed == true }, .delete)
        $0.whenMatched(
          and: { $1.height > $0.elevation },
          .update {
            $0.name = $0.name + ", " + $1.title
            $0.elevation = $1.height
          })
        $0.whenNotMatched(and: { $0.isClosed == true }, .ignore)
        $0.whenNotMatched(
          .insert {
            $0.icao = $1.code
            $0.name = $1.title
            $0.elevation = $1.height + 1
          })
        $0.whenNotMatchedBySource(and: { $0.iata == nil }, .update { $0.seen += 1 })
      }
      #expect("\(result)" == "1 inserted, 2 updated, 0 unchanged, 1 deleted")
      let outcomes = try result.recordOutcomes()
      #expect(outcomes.map(\.kind) == [.updated, .deleted, .inserted, .updated])
      #expect(outcomes.map(\.rowNumber) == [1, 2, 3, nil])
      #expect(outcomes[0].old == airport("A", "AAA", 1))
      #expect(
        outcomes[0].new
          == Airport(icao: "A", iata: "AAA", name: "name of A, Alpha", elevation: 10, seen: 0))
      #expect(outcomes[1].old?.icao == "B" && outcomes[1].new == nil)
      #expect(outcomes[2].new == Airport(icao: "N", iata: nil, name: "New", elevation: 8, seen: 0))
      // By name, a column that the table lacks is an error.
      let star = #expect(throws: UpkeepError.self) {
        try tx.merge(into: Airport.self, using: bulletins, on: { $0.icao == $1.code }) {
          $0.whenMatched(.update)
        }
      }
      #expect(star?.code == .unknownColumn)
    }
    #expect(try store.verify() == [])
  }

  @Test("What a partial record does not give is left alone")
  func partialRecords() throws {
    let store = try Store.ofAirports([airport("A", "AAA", 1, seen: 3)])
    let staged = [
      Airport.partial {
        $0.icao = "A"
        $0.iata = nil
      },
      Airport.partial {
        $0.icao = "B"
        $0.name = "B"
      },
    ]
    try store.write { tx throws in
      let result = try tx.merge(into: Airport.self, using: staged, on: { $0.icao == $1.icao }) {
        $0.whenMatched(.update)
        $0.whenNotMatched(.insert)
      }
      #expect(result.updated == 1 && result.inserted == 1)
      #expect(try tx.find(Airport.self, "A") == airport("A", nil, 1, seen: 3))
      #expect(try tx.find("airport", "B")?["country"] == "??")
      #expect(throws: UpkeepError.self) {
        try tx.merge(
          into: Airport.self, using: [Forgetful.partial { $0.name = "x" }], on: { $0.icao == $1.icao }
        ) { $0.whenMatched(.delete) }
      }
    }
  }

  @Test("What cannot be made of a row is set aside with its reason, and the others are made")
  func rejects() throws {
    let store = try Store.ofAirports([airport("A", "AAA"), airport("B", "BBB"), airport("C", nil)])
    let staged = [
      airport("A", "AAA", 1), airport("A", "X", 2), airport("B", "AAA"), airport("D", "DDD"),
      airport("D", nil),
    ]
    func merge(_ tx: Transaction, limit: Int?) throws(UpkeepError) -> RecordMergeResult<Airport> {
      try tx.merge(
        into: Airport.self, using: staged, on: { $0.icao == $1.icao }, rejects: .collect(limit: limit),
        collectsOutcomes: true
      ) {
        $0.whenMatched(.update)
        $0.whenNotMatched(.insert)
        $0.whenNotMatchedBySource(.fail)
      }
    }
    try store.write { tx throws in
      let tooMany = #expect(throws: UpkeepError.self) { try merge(tx, limit: 3) }
      #expect(tooMany?.code == .tooManyRejects)
      #expect(try tx.find(Airport.self, "D") == nil && tx.find(Airport.self, "A") == airport("A", "AAA"))
      let result = try merge(tx, limit: 4)
      // rule U-12.14
      #expect(result.inserted == 1 && result.updated == 1 && result.rejected == 4)
      #expect(result.rejects.map(\.rowNumber) == [2, 3, 5, nil])
      #expect(result.rejects.map(\.code) == [.changedTwice, .uniqueViolation, .uniqueViolation, .refused])
      #expect(result.rejects.allSatisfy { $0.hint != nil })
      let outcomes = try result.recordOutcomes()
      #expect(outcomes.map(\.kind) == [.updated, .rejected, .rejected, .inserted, .rejected, .rejected])
      #expect(outcomes.compactMap(\.error).map(\.code) == result.rejects.map(\.code))
      #expect(try tx.find(Airport.self, "A") == airport("A", "AAA", 1))
      #expect(try tx.find(Airport.self, "B") == airport("B", "BBB"))
      #expect(try tx.find(Airport.self, "D") == airport("D", "DDD"))
    }
    #expect(try store.verify() == [])
  }

  @Test("A merge of a store is one transaction, of a sequence or an asynchronous one, and tells its progress")
  func storeMerges() async throws {
    let stored = (0..<50).map { airport("A\($0)", nil) }
    let staged = (0..<2500).map { airport("A\($0)", nil, 1) }
    func stream<T: Sendable>(_ elements: [T]) -> AsyncStream<T> {
      AsyncStream { stream in
        for element in elements { stream.yield(element) }
        stream.finish()
      }
    }
    func clauses(_ merge: inout RecordMerge<Airport, Airport>) {
      merge.whenMatched(.update)
      merge.whenNotMatched(.insert)
    }
    let same = Expression.binary(
      .equal, .column(ColumnReference("icao", of: "airport")), .column(ColumnReference("icao", of: "source")))
    let rows = staged.map { record -> RowInput in
      ["icao": .text(record.icao), "name": .text(record.name), "elevation": 1.0]
    }
    let rowClauses = [MergeClause(.matched, .updateAll), MergeClause(.notMatched, .insertAll)]
    let stores = try (0..<4).map { _ in try Store.ofAirports(stored) }
    let told = Guarded<[UpsertProgress]>([])
    #expect(
      try await stores[0].merge(
        into: Airport.self, using: staged, on: { $0.icao == $1.icao }, dryRun: true, clauses
      ).changes == 2500)
    #expect(try stores[0].read { try $0.count("airport") } == 50)
    let results = [
      try await stores[0].merge(into: Airport.self, using: staged, on: { $0.icao == $1.icao }, clauses)
        .result,
      try await stores[1].merge(
        into: Airport.self, using: stream(staged), on: { $0.icao == $1.icao },
        progress: { progress in told.withLock { $0.append(progress) } }, clauses
      ).result,
      try await stores[2].merge(into: "airport", using: rows, on: same, rowClauses),
      try await stores[3].merge(into: "airport", using: stream(rows), on: same, rowClauses),
    ]
    #expect(
      results.map(\.description) == Array(repeating: "2,450 inserted, 50 updated, 0 unchanged", count: 4))
    let progress = told.withLock { $0 }
    #expect(progress.map(\.rowsRead) == [1024, 2048, 2500, 2500, 2500])
    #expect(progress.map(\.rowsGiven) == [0, 0, 1024, 2048, 2500])
    let tables = try stores.map { store in try store.read { try $0.all(Airport.self).records() } }
    #expect(tables.allSatisfy { $0 == tables[0] } && tables[0].count == 2500)
  }
}
