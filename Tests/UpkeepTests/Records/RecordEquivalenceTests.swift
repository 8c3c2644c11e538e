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
      (.merge(\.name, \.iata), .merge(columns: ["name", "iata"])), (.mergeNonNull, .mergeNonNull),
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

  /// The record, or some of its properties, and the same as a row.
  private static func partial(
    _ airport: Airport, _ random: inout SeededGenerator
  ) -> (PartialRecord<Airport>, RowInput) {
    let gives = (0..<3).map { _ in random.below(3) > 0 }
    let whole = row(airport)
    let positions = [0, 2] + [1, 3, 4].enumerated().filter { gives[$0.offset] }.map(\.element)
    let record = Airport.partial {
      $0.icao = airport.icao
      $0.name = airport.name
      if gives[0] { $0.iata = airport.iata }
      if gives[1] { $0.elevation = airport.elevation }
      if gives[2] { $0.seen = airport.seen }
    }
    return (
      record,
      RowInput(ColumnNames(positions.map { names.names[$0] }), positions.map { whole.values[$0] })
    )
  }

  private static func clauses(
    _ random: inout SeededGenerator
  ) -> (records: [RecordClause<Airport>], rows: [ConflictClause]) {
    let kinds = (0..<random.below(4)).map { _ in kind(&random) }
    let ambiguity: AmbiguityPolicy = [.fail, .first, .displace][random.below(3)]
    return (
      kinds.map { .on($0.target, $0.action, ambiguity: ambiguity) },
      kinds.map { .on($0.rowTarget, $0.rowAction, ambiguity: ambiguity) }
    )
  }

  private func told(_ result: UpsertResult) -> String {
    "\(result) \(result.rejects.map(\.message)) \(result.outcomes?.map { told($0) } ?? [])"
  }

  private func told(_ result: RecordResult<Airport>) -> String { told(result.result) }

  @Test(
    "Random statements over records do what they do over rows", arguments: [UInt64.random(in: 0 ... .max)])
  func randomStatements(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for round in 0..<150 {
      let (records, rows) = (try Store.ofAirports(), try Store.ofAirports())
      for step in 0..<6 {
        let airports = (0..<1 + random.below(5)).map { _ in Self.airport(&random) }
        let given = airports.map { Self.row($0) }
        let partials = airports.map { Self.partial($0, &random) }
        let kind = Self.kind(&random)
        let clauses = Self.clauses(&random)
        let ambiguity: AmbiguityPolicy = [.fail, .first, .displace][random.below(3)]
        let rejects: RejectPolicy = random.below(2) == 0 ? .fail : .collect(limit: nil)
        let displaces = ambiguity == .displace
        let dryRun = random.oneIn(4)
        let collects = step % 2 == 0
        let way = random.below(9)
        func of(_ tx: Transaction, _ other: Transaction) throws -> (records: String, rows: String) {
          switch way {
          case 0:
            return (
              told {
                "\(try tx.upsert(airports[0], on: kind.target, kind.action, ambiguity: ambiguity).kind)"
              },
              told {
                "\(try other.upsert(given[0], into: "airport", on: kind.rowTarget, kind.rowAction, ambiguity: ambiguity).kind)"
              }
            )
          case 1:
            return (
              told { "\(try tx.upsert(airports[0], clauses: clauses.records).kind)" },
              told { "\(try other.upsert(given[0], into: "airport", clauses: clauses.rows).kind)" }
            )
          case 2:
            return (
              told { "\(try tx.upsert(partials[0].0, on: kind.target, kind.action).kind)" },
              told {
                "\(try other.upsert(partials[0].1, into: "airport", on: kind.rowTarget, kind.rowAction).kind)"
              }
            )
          case 3:
            return (
              told {
                told(try tx.sync(with: airports, rejects: rejects, displaces: displaces, dryRun: dryRun))
              },
              told {
                told(
                  try other.sync(
                    "airport", with: given, rejects: rejects, displaces: displaces, dryRun: dryRun))
              }
            )
          case 4:
            return (
              told {
                told(
                  try tx.sync(
                    with: partials.map(\.0), rejects: rejects, displaces: displaces,
                    collectsOutcomes: collects))
              },
              told {
                told(
                  try other.sync(
                    "airport", with: partials.map(\.1), rejects: rejects, displaces: displaces,
                    collectsOutcomes: collects))
              }
            )
          case 5:
            return (
              told {
                told(
                  try tx.upsert(
                    contentsOf: airports, clauses: clauses.records, rejects: rejects,
                    collectsOutcomes: collects, dryRun: dryRun))
              },
              told {
                told(
                  try other.upsert(
                    contentsOf: given, into: "airport", clauses: clauses.rows, rejects: rejects,
                    collectsOutcomes: collects, dryRun: dryRun))
              }
            )
          case 6:
            return (
              told {
                told(
                  try tx.upsert(
                    contentsOf: partials.map(\.0), on: kind.target, kind.action, ambiguity: ambiguity,
                    rejects: rejects, collectsOutcomes: collects, dryRun: dryRun))
              },
              told {
                told(
                  try other.upsert(
                    contentsOf: partials.map(\.1), into: "airport", on: kind.rowTarget, kind.rowAction,
                    ambiguity: ambiguity, rejects: rejects, collectsOutcomes: collects, dryRun: dryRun))
              }
            )
          default:
            return (
              told {
                told(
                  try tx.upsert(
                    contentsOf: airports, on: kind.target, kind.action, ambiguity: ambiguity,
                    rejects: rejects, collectsOutcomes: collects, dryRun: dryRun))
              },
              told {
                told(
                  try other.upsert(
                    contentsOf: given, into: "airport", on: kind.rowTarget, kind.rowAction,
                    ambiguity: ambiguity, rejects: rejects, collectsOutcomes: collects, dryRun: dryRun))
              }
            )
          }
        }
        let (typed, dynamic) = try records.write { tx in try rows.write { other in try of(tx, other) } }
        let place = "seed \(seed), round \(round), step \(step), way \(way)"
        #expect(typed == dynamic, "\(place)")
        let stored = try rows.read { try $0.scan("airport").rows().map { Array($0.values.prefix(5)) } }
        let alike = try records.read { try $0.scan("airport").rows().map { Array($0.values.prefix(5)) } }
        #expect(alike == stored, "\(place)")
      }
      #expect(try records.verify() == [], "seed \(seed), round \(round)")
    }
  }

  /// The calls of a store are those of a transaction: rows and records, at once and one by one.
  @Test(
    "Statements of a store do what they do in a transaction", arguments: [UInt64.random(in: 0 ... .max)])
  func storeStatements(seed: UInt64) async throws {
    var random = SeededGenerator(seed: seed)
    for round in 0..<40 {
      let stores = try (0..<5).map { _ in try Store.ofAirports() }
      for step in 0..<4 {
        let airports = (0..<1 + random.below(5)).map { _ in Self.airport(&random) }
        let given = airports.map { Self.row($0) }
        let clauses = Self.clauses(&random)
        let isSync = random.oneIn(3)
        let rejects: RejectPolicy = random.oneIn(2) ? .fail : .collect(limit: nil)
        let results = [
          await told {
            isSync
              ? told(try await stores[0].sync(with: airports, rejects: rejects))
              : told(
                try await stores[0].upsert(contentsOf: airports, clauses: clauses.records, rejects: rejects))
          },
          await told {
            isSync
              ? told(try await stores[1].sync(with: stream(airports), rejects: rejects))
              : told(
                try await stores[1].upsert(
                  contentsOf: stream(airports), clauses: clauses.records, rejects: rejects))
          },
          await told {
            isSync
              ? told(try await stores[2].sync("airport", with: given, rejects: rejects))
              : told(
                try await stores[2].upsert(
                  contentsOf: given, into: "airport", clauses: clauses.rows, rejects: rejects))
          },
          await told {
            isSync
              ? told(try await stores[3].sync("airport", with: stream(given), rejects: rejects))
              : told(
                try await stores[3].upsert(
                  contentsOf: stream(given), into: "airport", clauses: clauses.rows, rejects: rejects))
          },
          await told {
            try await stores[4].write { tx in
              isSync
                ? self.told(try tx.sync("airport", with: given, rejects: rejects))
                : self.told(
                  try tx.upsert(
                    contentsOf: given, into: "airport", clauses: clauses.rows, rejects: rejects))
            }
          },
        ]
        #expect(Set(results).count == 1, "seed \(seed), round \(round), step \(step): \(results)")
        let tables = try stores.map { store in
          try store.read { try $0.scan("airport").rows().map { "\($0.values)" } }
        }
        #expect(Set(tables).count == 1, "seed \(seed), round \(round), step \(step)")
      }
    }
  }

  private func told(_ body: () async throws -> String) async -> String {
    do { return try await body() } catch let error as UpkeepError {
      return "\(error.code) \(error.rowNumber ?? 0) \(error.message)"
    } catch { return "\(error)" }
  }

  private func stream<T: Sendable>(_ elements: [T]) -> AsyncStream<T> {
    AsyncStream { stream in
      for element in elements { stream.yield(element) }
      stream.finish()
    }
  }
}
