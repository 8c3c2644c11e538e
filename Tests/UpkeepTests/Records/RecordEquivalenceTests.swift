import Testing
import Upkeep
import UpkeepTestSupport

/// Records go the way of rows: whatever is done with both has the same result.
@Suite struct RecordEquivalenceTests {
  private typealias Kind = (
    target: RecordTarget<Airport>, rowTarget: ConflictTarget, action: RecordAction<Airport>,
    rowAction: ConflictAction
  )

  private static let names = ColumnNames(["icao", "iata", "name", "elevation", "seen"])

  private static func row(_ airport: Airport) -> RowInput {
    RowInput(
      names,
      [
        .text(airport.icao), airport.iata.columnValue, .text(airport.name), airport.elevation.columnValue,
        .integer(Int64(airport.seen)),
      ])
  }

  private static func airport(_ random: inout SeededGenerator) -> Airport {
    let iata = random.below(4)
    return Airport(
      icao: "I\(random.below(6))", iata: iata == 0 ? nil : iata == 1 ? "" : "A\(random.below(6))",
      name: "N\(random.below(2))", elevation: random.below(2) == 0 ? nil : Double(random.below(3)),
      seen: random.below(3))
  }

  private static func kind(_ random: inout SeededGenerator) -> Kind {
    let partial = Expression.binary(.notEqual, .column(ColumnReference("iata")), .literal(.text("")))
    let targets: [(RecordTarget<Airport>, ConflictTarget)] = [
      (.primaryKey, .primaryKey), (.anyUnique, .anyUnique), (.index("airport_iata"), .index("airport_iata")),
      (.on(\.icao), .on("icao")), (.on(\.iata, where: \.iata != ""), .on("iata", where: partial)),
    ]
    func column(_ name: String, of row: String? = nil) -> Expression {
      .column(ColumnReference(name, of: row))
    }
    let sum = Expression.binary(.add, column("seen"), column("seen", of: "excluded"))
    let isLess = Expression.binary(.less, column("seen"), column("seen", of: "excluded"))
    let actions: [(RecordAction<Airport>, ConflictAction)] = [
      (.merge, .merge), (.replace, .replace), (.ignore, .ignore), (.fail, .fail),
      (.merge(\.name, \.iata), .merge(columns: ["name", "iata"])),
      (
        .update(where: { $0.seen < $1.seen }) { $0.seen += $1.seen },
        .update(assignments: [Assignment("seen", sum)], where: isLess)
      ),
    ]
    let (target, rowTarget) = targets[random.below(targets.count)]
    let (action, rowAction) = actions[random.below(actions.count)]
    return (target, rowTarget, action, rowAction)
  }

  private func told(_ body: () throws -> String) -> String {
    do { return try body() } catch let error as UpkeepError {
      return "\(error.code) \(error.rowNumber ?? 0) \(error.message)"
    } catch { return "\(error)" }
  }

  private func told(_ outcome: UpsertOutcome?) -> String {
    guard let outcome else { return "" }
    return "\(outcome)".replacing(/rejected\(.*/, with: "rejected")
  }

  @Test(
    "Random statements over records do what they do over rows", arguments: [UInt64.random(in: 0 ... .max)])
  func randomStatements(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for round in 0..<150 {
      let (records, rows) = (try Store.ofAirports(), try Store.ofAirports())
      for step in 0..<6 {
        let airports = (0..<1 + random.below(5)).map { _ in Self.airport(&random) }
        let kind = Self.kind(&random)
        let ambiguity: AmbiguityPolicy = [.fail, .first, .displace][random.below(3)]
        let rejects: RejectPolicy = random.below(2) == 0 ? .fail : .collect(limit: nil)
        let way = random.below(3)
        let typed = told {
          try records.write { tx throws in
            switch way {
            case 0:
              return "\(try tx.upsert(airports[0], on: kind.target, kind.action, ambiguity: ambiguity).kind)"
            case 1:
              let result = try tx.sync(with: airports, rejects: rejects, displaces: ambiguity == .displace)
              return "\(result) \(result.rejects.map(\.message))"
            default:
              let result = try tx.upsert(
                contentsOf: airports, on: kind.target, kind.action, ambiguity: ambiguity, rejects: rejects,
                collectsOutcomes: step % 2 == 0)
              return "\(result) \(result.rejects.map(\.message)) \(result.outcomes?.map { told($0) } ?? [])"
            }
          }
        }
        let given = airports.map { Self.row($0) }
        let dynamic = told {
          try rows.write { tx throws in
            switch way {
            case 0:
              return
                "\(try tx.upsert(given[0], into: "airport", on: kind.rowTarget, kind.rowAction, ambiguity: ambiguity).kind)"
            case 1:
              let result = try tx.sync(
                "airport", with: given, rejects: rejects, displaces: ambiguity == .displace)
              return "\(result) \(result.rejects.map(\.message))"
            default:
              let result = try tx.upsert(
                contentsOf: given, into: "airport", on: kind.rowTarget, kind.rowAction, ambiguity: ambiguity,
                rejects: rejects, collectsOutcomes: step % 2 == 0)
              return "\(result) \(result.rejects.map(\.message)) \(result.outcomes?.map { told($0) } ?? [])"
            }
          }
        }
        #expect(typed == dynamic, "seed \(seed), round \(round), step \(step)")
        let stored = try rows.read { try $0.scan("airport").rows().map { Array($0.values.prefix(5)) } }
        let asRecords = try records.read { try $0.all(Airport.self).records() }
        #expect(asRecords.map { Self.row($0).values } == stored, "seed \(seed), round \(round), step \(step)")
      }
      #expect(try records.verify() == [], "seed \(seed), round \(round)")
    }
  }
}
