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
      func merge(dryRun: Bool) throws(UpkeepError) -> MergeResult {
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
      _ staged: [Airport], _ clauses: (inout RecordMerge<Airport>) -> Void
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
}
