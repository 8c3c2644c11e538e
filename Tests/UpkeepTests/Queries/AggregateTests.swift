import Testing
import UpkeepTestSupport

@testable import Upkeep

@Suite struct AggregateTests {
  private func session(_ rows: [[Value]]) throws -> Session {
    let session = Session(try Store.inMemory())
    try session.execute(
      .createTable(
        TableDefinition(
          "t",
          columns: [
            ColumnDefinition("i", .integer), ColumnDefinition("r", .real), ColumnDefinition("a", .any),
          ]),
        ifNotExists: false))
    if !rows.isEmpty { try session.insert("t", rows) }
    return session
  }

  private func aggregate(_ name: String, _ column: String, isDistinct: Bool = false) -> ResultColumn {
    shown(.aggregate(name, [col(column)], isDistinct: isDistinct))
  }

  @Test func `aggregates of nothing are NULL, zero and 0.0 as in SQLite`() throws {
    let session = try session([])
    let row = try session.rows(
      Query(
        [
          shown(.aggregate("count", [], isDistinct: false)), aggregate("sum", "i"), aggregate("total", "i"),
          aggregate("avg", "i"), aggregate("min", "i"), aggregate("max", "i"),
        ], from: TableReference("t")))
    #expect(row == [[.integer(0), .null, .real(0), .null, .null, .null]])
  }

  @Test func `sum stays an integer until a REAL comes`() throws {
    let session = try session([[1, 0.5, 1], [2, 0.25, .real(0.5)], [.null, .null, .text("3x")]])
    let row = try session.rows(
      Query(
        [
          aggregate("sum", "i"), aggregate("sum", "r"), aggregate("sum", "a"), aggregate("avg", "i"),
          aggregate("count", "i"),
        ],
        from: TableReference("t")))
    #expect(row == [[.integer(3), .real(0.75), .real(4.5), .real(1.5), .integer(2)]])
  }

  @Test func `sum that overflows is an error, total is not`() throws {
    let session = try session([[.integer(.max), .null, .null], [.integer(1), .null, .null]])
    let error = #expect(throws: UpkeepError.self) {
      try session.rows(Query([aggregate("sum", "i")], from: TableReference("t")))
    }
    #expect(error?.code == .overflow)
    #expect(error?.message.contains("integer overflow") == true)
    #expect(
      try session.rows(Query([aggregate("total", "i")], from: TableReference("t")))
        == [[.real(9_223_372_036_854_775_808)]])
  }

  @Test func `distinct counts 1 and 1.0 once`() throws {
    let session = try session([[1, .null, 1], [1, .null, .real(1)], [2, .null, .text("1")]])
    #expect(
      try session.rows(
        Query(
          [aggregate("count", "a", isDistinct: true), aggregate("sum", "i", isDistinct: true)],
          from: TableReference("t")))
        == [[.integer(2), .integer(3)]])
  }

  @Test func `a column beside max shows the row of the greatest`() throws {
    let session = try session([[1, 5, .text("a")], [2, 9, .text("b")], [3, 7, .text("c")]])
    let columns = [shown(col("a")), aggregate("max", "r"), aggregate("count", "i")]
    #expect(
      try session.rows(Query(columns, from: TableReference("t"))) == [[.text("b"), .real(9), .integer(3)]])
  }

  @Test func `an aggregate may stand inside an expression, not in WHERE`() throws {
    let session = try session([[1, .null, .null], [2, .null, .null]])
    let sum = Expression.aggregate("sum", [col("i")], isDistinct: false)
    #expect(
      try session.rows(Query([shown(.binary(.multiply, sum, lit(.integer(10))))], from: TableReference("t")))
        == [[.integer(30)]])
    let error = #expect(throws: UpkeepError.self) {
      try session.rows(Query(allColumns, from: TableReference("t"), where: sum))
    }
    #expect(error?.code == .misuse)
  }
}
