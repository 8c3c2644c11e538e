import Foundation
import Testing
import Upkeep

/// The guide to records: its examples stand here and in `RecordTypes.swift`, word for word, and do what it says.
@Suite struct SwiftGuideTests {
  @Test("Reading gives what the guide says")
  func reading() throws {
    let store = try Store.ofAirports([heathrow, gatwick, kennedy])
    let london = try store.find(Airport.self, "EGLL")
    let high = try store.read { snapshot in
      try snapshot.all(Airport.self)
        .filter(\.elevation > 50 && \.iata != nil)
        .order { $0.name }.limit(20).records()
    }
    #expect(london == heathrow && high == [gatwick])
  }

  @Test("The one verb does what the guide says")
  func oneVerb() throws {
    let store = try Store.ofAirports()
    let airport = Airport(icao: "EGLL", iata: "LHR", name: "London", elevation: 25, seen: 1)
    try store.write { tx throws in
      try tx.upsert(airport)
      try tx.upsert(airport, .replace)
      try tx.upsert(airport, on: .on(\.iata, where: \.iata != ""), .ignore)
      try tx.upsert(
        airport,
        .update(where: { $1.seen > $0.seen }) {
          $0.seen += $1.seen
          $0.name = $1.name
        })
      try tx.upsert(
        Airport.partial {
          $0.icao = "EGLL"
          $0.name = "Heathrow"
        })
      #expect(try tx.all(Airport.self).records() == [heathrow])
    }
  }

  @Test("Outcomes are told as in the guide")
  func outcomes() throws {
    let store = try Store.ofAirports([heathrow, gatwick])
    let airport = Airport(icao: "EGLL", iata: "LGW", name: "London", elevation: nil, seen: 1)
    var told = ""
    try store.write { tx throws in
      switch try tx.upsert(airport, ambiguity: .displace) {
      case .inserted(let new): told = "new: \(new.name)"
      case .updated(let old, let new, let key, let displaced):
        told = "\(old.name) is \(new.name), met by \(key); \(displaced.count) gave way"
      case .replaced(_, let new, _, _): told = "now \(new.name)"
      case .unchanged(let row, _, _): told = "as before: \(row.name)"
      case .ignored(let stored, let key): told = "\(stored.name) has that \(key)"
      case .rejected(let error): told = error.hint ?? error.message
      }
    }
    #expect(told == "Heathrow is London, met by (icao); 1 gave way")
  }

  @Test("Many at once go as the guide says")
  func manyAtOnce() throws {
    let store = try Store.ofAirports([heathrow, gatwick, kennedy])
    let airports = [Airport(icao: "EGLL", iata: "LGW", name: "London", elevation: nil, seen: 1), kennedy]
    try store.write { tx throws in
      let result = try tx.upsert(
        contentsOf: airports, ambiguity: .displace, rejects: .collect(limit: 100), collectsOutcomes: true)
      print(result, try result.recordOutcomes().count, try result.displacedRecords())
      let preview = try tx.sync(with: airports, dryRun: true)
      print(preview.deleted, "would be deleted")
      #expect(result.updated == 1 && result.unchanged == 1 && result.displaced == 1)
      #expect(preview.deleted == 0 && preview.unchanged == 2)
    }
  }

  @Test("Rows by name go as the guide says")
  func rowsByName() throws {
    let store = try Store.ofAirports([heathrow, gatwick])
    try store.write { tx throws in
      let columns = ColumnNames(["icao", "name", "elevation"])
      let rows = [
        RowInput(columns, ["EGLL", "Heathrow", .null]), RowInput(columns, ["LFPG", "Roissy", 392.0]),
      ]
      let told = try tx.upsert(
        contentsOf: rows, into: "airport", .mergeNonNull, collectsOutcomes: true, dryRun: true)
      print(told, told.outcomes?.map(\.kind) ?? [])
      try tx.upsert(
        ["icao": "EGLL", "iata": "LHR"], into: "airport",
        clauses: [.on(.index("airport_iata"), .merge), .on(.primaryKey, .replace)])
      #expect(told.outcomes?.map(\.kind) == [.unchanged, .inserted])
      #expect(try tx.all(Airport.self).records() == [gatwick, heathrow])
    }
  }

  @Test("Statements of a store go as the guide says")
  func storeStatements() async throws {
    let store = try Store.ofAirports([heathrow, gatwick])
    let feed = AsyncStream<Airport> { feed in
      feed.yield(kennedy)
      feed.finish()
    }
    let rows: [RowInput] = [["icao": "EGLL", "seen": "often"], ["icao": "KJFK", "seen": 4]]
    let loaded = try await store.upsert(contentsOf: feed, ambiguity: .displace, rejects: .collect(limit: 100))
    {
      print("\($0.rowsGiven) of \($0.rowsRead), \($0.rejected) set aside")
    }
    let synced = try await store.sync("airport", with: rows, rejects: .collect(limit: nil))
    for reject in synced.rejects { print(reject.rowNumber ?? 0, reject.message, reject.hint ?? "") }
    #expect(loaded.inserted == 1)
    #expect(synced.rejects.map(\.rowNumber) == [1] && synced.updated == 1 && synced.deleted == 1)
  }

  @Test("A merge goes as the guide says")
  func merge() throws {
    let store = try Store.ofAirports([heathrow, gatwick])
    let airports = [Airport(icao: "EGLL", iata: nil, name: "?", elevation: 26, seen: 1), kennedy]
    try store.write { tx throws in
      let merged = try tx.merge(into: Airport.self, using: airports, on: { $0.icao == $1.icao }) {
        $0.whenMatched(and: { $1.elevation != nil }, .update { $0.elevation = $1.elevation })
        $0.whenMatched(.ignore)
        $0.whenNotMatched(.insert)
        $0.whenNotMatchedBySource(.delete)
      }
      #expect("\(merged)" == "1 inserted, 1 updated, 0 unchanged, 1 deleted")
      #expect(try tx.find(Airport.self, "EGLL")?.elevation == 26)
      #expect(try tx.find(Airport.self, "EGLL")?.name == heathrow.name)
    }
  }

  @Test("A merge of other records goes as the guide says")
  func mergeOfOthers() throws {
    let store = try Store.ofAirports([heathrow, gatwick])
    let bulletins = [
      Bulletin("EGLL", "London"), Bulletin("EGKK", "", isClosed: true), Bulletin("ZZZZ", "", isClosed: true),
      Bulletin("LFPG", "Roissy"),
    ]
    try store.write { tx throws in
      let renamed = try tx.merge(
        into: Airport.self, using: bulletins, on: { $0.icao == $1.code }, rejects: .collect(limit: nil),
        collectsOutcomes: true
      ) {
        $0.whenMatched(and: { $1.isClosed == true }, .delete)
        $0.whenMatched(.update { $0.name = $1.title })
        $0.whenNotMatched(and: { $0.isClosed == true }, .fail)
        $0.whenNotMatched(
          .insert {
            $0.icao = $1.code
            $0.name = $1.title
          })
      }
      for outcome in try renamed.recordOutcomes() {
        print(outcome.kind, outcome.old?.name ?? "", outcome.new?.name ?? "", outcome.error?.hint ?? "")
      }
      #expect(try renamed.recordOutcomes().map(\.kind) == [.updated, .deleted, .rejected, .inserted])
      #expect(try tx.find(Airport.self, "EGLL")?.name == "London")
    }
  }

  @Test("Every example of the guide is one that is run")
  func examplesAreRun() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let guide = folder.appendingPathComponent("../../../Docs/Swift.md").standardizedFileURL
    let blocks = try String(contentsOf: guide, encoding: .utf8).components(separatedBy: "```swift\n")
      .dropFirst()
      .compactMap { $0.components(separatedBy: "```").first }
    #expect(blocks.count == 12)
    let sql = "../../UpkeepSQLTests/Prepared/StatementGuideTests.swift"
    let run = try ["RecordTypes.swift", "SwiftGuideTests.swift", sql].map {
      squeezed(try String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8))
    }
    for block in blocks {
      #expect(run.contains { $0.contains(squeezed(block)) }, "no test runs\n\(block)")
    }
  }

  private func squeezed(_ text: String) -> String { text.filter { !$0.isWhitespace } }
}
