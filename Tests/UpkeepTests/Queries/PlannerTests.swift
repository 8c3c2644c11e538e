import Testing
import UpkeepTestSupport

@testable import Upkeep

/// Which way to the rows a statement takes, as EXPLAIN tells it.
@Suite struct PlannerTests {
  /// airport(icao primary key, iata, country, elevation) with a partial unique index on iata, an index on
  /// (country, elevation), and 200 rows.
  private func airports() throws -> Session {
    let session = Session(try Store.inMemory())
    try session.execute(
      .createTable(
        TableDefinition(
          "airport",
          columns: [
            ColumnDefinition("icao", .text), ColumnDefinition("iata", .text),
            ColumnDefinition("country", .text), ColumnDefinition("elevation", .integer, isNullable: false),
          ],
          primaryKey: [IndexPart(column: "icao")]), ifNotExists: false))
    try session.execute(
      .createIndex(
        IndexDefinition(
          "by_iata", on: "airport", parts: [IndexPart(column: "iata")], isUnique: true,
          where: .compare("iata", .notEqual, .text(""))), ifNotExists: false))
    try session.execute(
      .createIndex(
        IndexDefinition(
          "by_country", on: "airport", parts: [IndexPart(column: "country"), IndexPart(column: "elevation")]),
        ifNotExists: false))
    try session.insert(
      "airport",
      (0..<200).map { number in
        [
          .text("K\(1000 + number)"), .text(number % 4 == 0 ? "I\(number)" : ""), .text("C\(number % 10)"),
          .integer(Int64(number)),
        ]
      })
    return session
  }

  private func query(
    _ condition: Expression?, _ columns: [ResultColumn] = allColumns, order: [OrderTerm] = [],
    limit: Int64? = nil,
    offset: Int64? = nil
  ) -> Query {
    Query(
      columns, from: TableReference("airport"), where: condition, order: order,
      limit: limit.map { lit(.integer($0)) }, offset: offset.map { lit(.integer($0)) })
  }

  @Test func `a whole primary key is a point`() throws {
    let plan = try airports().plan(query(.compare("icao", .equal, .text("K1005"))))
    #expect(plan == ["search airport by primary key (icao = 'K1005')"])
  }

  @Test func `a partial index serves where the WHERE implies its predicate, and only there`() throws {
    let session = try airports()
    #expect(
      try session.plan(query(.compare("iata", .equal, .text("I8"))))
        == ["search airport by index by_iata (iata = 'I8')"])
    // Rows with the empty text are not in the index.
    #expect(
      try session.plan(query(.compare("iata", .equal, .text(""))))
        == ["scan airport", "check the rest of the WHERE on each row"])
    #expect(try session.rows(query(.compare("iata", .equal, .text("I8")))).count == 1)
    #expect(try session.rows(query(.compare("iata", .equal, .text("")))).count == 150)
  }

  @Test func `equalities and then one range bound an index`() throws {
    let session = try airports()
    let condition = Expression.both(
      .compare("country", .equal, .text("C3")),
      .between(col("elevation"), lit(.integer(50)), lit(.integer(90)), negated: false))
    #expect(
      try session.plan(query(condition)) == [
        "search airport by index by_country (country = 'C3' AND elevation >= 50 AND elevation <= 90)"
      ])
    #expect(try session.rows(query(condition)).map { $0[3] } == [53, 63, 73, 83].map { Value.integer($0) })
  }

  @Test func `an index that holds all columns is read alone`() throws {
    let session = try airports()
    let plan = try session.plan(
      query(.compare("country", .equal, .text("C3")), [shown(col("elevation")), shown(col("icao"))]))
    #expect(plan == ["search airport by index by_country (country = 'C3'), index only"])
  }

  @Test func `an order that a path gives is not sorted, forward or backward`() throws {
    let session = try airports()
    let condition = Expression.compare("country", .equal, .text("C3"))
    #expect(
      try session.plan(query(condition, order: [OrderTerm(col("elevation"), isDescending: true)])) == [
        "search airport by index by_country (country = 'C3'), backward"
      ])
    #expect(
      try session.plan(query(nil, order: [OrderTerm(col("icao"), isDescending: true)], limit: 3))
        == ["scan airport, backward"])
    #expect(
      try session.plan(query(nil, order: [OrderTerm(col("elevation"))], limit: 3)) == [
        "scan airport", "keep the first 3 in order",
      ])
    #expect(try session.plan(query(nil, order: [OrderTerm(col("elevation"))])) == ["scan airport", "sort"])
  }

  @Test func `IN is several points`() throws {
    let session = try airports()
    let condition = Expression.inList(
      col("icao"), [lit(.text("K1003")), lit(.text("K1001")), lit(.text("K1003")), lit(.null)], negated: false
    )
    #expect(
      try session.plan(query(condition)) == ["search airport by primary key (icao IN ('K1003', 'K1001'))"])
    #expect(try session.rows(query(condition)).map { $0[0] } == [.text("K1001"), .text("K1003")])
  }

  @Test func `lists on several parts of a key make ranges up to a limit, and a wider range beyond it`() throws
  {
    let parts = (0..<3).map { SearchPart(column: $0, subject: $0, key: KeyPart(.integer)) }
    func list(_ subject: Int, _ count: Int) -> Conjunct {
      let values = (0..<count).map { Value.integer(Int64(count - $0)) } + [.integer(1)]
      return Conjunct(
        expression: .literal(.null),
        term: ColumnTerm(subject: subject, collation: .binary, test: .oneOf(values)))
    }
    let whole = KeySearch(parts, [list(1, 40), list(0, 100)]) { "c\($0)" }
    #expect(whole.ranges.count == 4000)
    #expect(whole.settled == [0, 1])
    let wide = KeySearch(parts, [list(1, 50), list(0, 100), list(2, 2)]) { "c\($0)" }
    #expect(wide.ranges.count == 100)
    #expect(wide.settled == [1])
    #expect(wide.notes == ["c0 IN (100 values)", "c1 within a list of 50"])
    for search in [whole, wide] {
      for (one, next) in zip(search.ranges, search.ranges.dropFirst()) {
        let (upper, lower) = (one.upper ?? [], next.lower ?? [])
        #expect(KeyBounds.borrowing(upper, lower) { Bytes.compare($0, $1) } <= 0)
      }
    }
  }

  @Test func `a constant of another type bounds as it compares`() throws {
    let session = try airports()
    let below = Expression.both(
      .compare("country", .equal, .text("C3")), .compare("elevation", .less, .real(13.5)))
    #expect(try session.rows(query(below)).map { $0[3] } == [3, 13].map { Value.integer($0) })
    let equal = Expression.both(
      .compare("country", .equal, .text("C3")), .compare("elevation", .equal, .real(2.5)))
    #expect(
      try session.plan(query(equal)) == ["nothing to read in airport (country = 'C3' AND elevation IN ())"])
    // A text that is a number compares as one.
    let text = Expression.both(
      .compare("country", .equal, .text("C3")), .compare("elevation", .equal, .text("13")))
    #expect(try session.rows(query(text)).count == 1)
    let never = Expression.both(
      .compare("country", .equal, .text("C3")), .compare("elevation", .equal, .text("x")))
    #expect(try session.rows(query(never)).isEmpty)
  }

  @Test func `counts and extremes visit no row`() throws {
    let session = try airports()
    let count = [shown(.aggregate("count", [], isDistinct: false))]
    let least = [shown(.aggregate("min", [col("icao")], isDistinct: false))]
    #expect(try session.plan(query(nil, count)) == ["count keys without visiting rows of airport"])
    #expect(try session.rows(query(nil, count)) == [[.integer(200)]])
    let inCountry = Expression.compare("country", .equal, .text("C3"))
    #expect(try session.plan(query(inCountry, count)) == ["count keys without visiting rows of airport"])
    #expect(try session.rows(query(inCountry, count)) == [[.integer(20)]])
    // The partial index counts the rows of its own predicate.
    let coded = Expression.compare("iata", .notEqual, .text(""))
    #expect(try session.plan(query(coded, count)) == ["count keys without visiting rows of airport"])
    #expect(try session.rows(query(coded, count)) == [[.integer(50)]])
    #expect(
      try session.plan(query(nil, least)) == ["read the ends of keys without visiting other rows of airport"])
    #expect(try session.rows(query(nil, least)) == [[.text("K1000")]])
  }

  @Test func `OFFSET goes by counts where nothing is left to check`() throws {
    let session = try airports()
    let ordered = query(nil, order: [OrderTerm(col("icao"))], limit: 2, offset: 150)
    #expect(try session.plan(ordered) == ["scan airport", "go to row 151 by counts"])
    #expect(try session.rows(ordered).map { $0[0] } == [.text("K1150"), .text("K1151")])
    let backward = query(nil, order: [OrderTerm(col("icao"), isDescending: true)], limit: 2, offset: 150)
    #expect(try session.rows(backward).map { $0[0] } == [.text("K1049"), .text("K1048")])
  }

  @Test func `a mistake in a WHERE is told whatever the path`() throws {
    let session = try airports()
    let condition = Expression.both(
      .compare("icao", .equal, .text("K1001")), .compare("elevaton", .equal, .integer(1)))
    let error = #expect(throws: UpkeepError.self) { try session.rows(query(condition)) }
    #expect(error?.code == .unknownColumn)
    #expect(error?.message.contains("did you mean elevation") == true)
  }
}
