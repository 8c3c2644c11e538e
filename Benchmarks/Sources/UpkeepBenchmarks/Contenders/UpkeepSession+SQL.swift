import Upkeep
import UpkeepSQL

extension UpkeepSession: SQLSession {
  func execute(_ sql: String) throws { _ = try store.execute(sql) }

  func query(_ sql: String, _ parameter: Int?) throws -> Int {
    var total = 0
    try statement(sql).forEach(parameter.map { [.integer(Int64($0))] } ?? []) { row in
      total &+= Self.total(of: row)
      return true
    }
    return total
  }

  private static func total(of row: Upkeep.Row) -> Int {
    var total = 0
    for value in row.values {
      switch value {
      case .integer(let number): total &+= Int(number)
      case .real(let number): total &+= sum(number)
      case .text(let text): total &+= text.utf8.count &+ Int(text.utf8.first ?? 0)
      default: break
      }
    }
    return total
  }

  func queries(_ sql: String, _ parameters: [Int]) throws -> Int {
    let statement = try statement(sql)
    var total = 0
    try store.read { snapshot in
      for parameter in parameters {
        try statement.forEach([.integer(Int64(parameter))], in: snapshot) { row in
          total &+= Self.total(of: row)
          return true
        }
      }
    }
    return total
  }

  func changes(_ sql: String, _ parameters: [Int]) throws {
    let statement = try statement(sql)
    try store.write { transaction in
      for parameter in parameters { try statement.run([.integer(Int64(parameter))], in: transaction) }
    }
  }

  func readPrepared(_ ids: ArraySlice<Int>) throws -> Int {
    let statement = try statement("SELECT * FROM t WHERE id = ?")
    var total = 0
    try store.read { snapshot in
      for id in ids {
        try statement.forEach([.integer(Int64(id))], in: snapshot) { row in
          total &+= Self.read(row.values)
          return true
        }
      }
    }
    return total
  }

  func upsertPrepared(_ people: [Person]) throws {
    let statement = try statement("UPSERT INTO t (id, email, name, score, updated_at) VALUES (?, ?, ?, ?, ?)")
    for person in people {
      try statement.run([
        .integer(Int64(person.id)), .text(person.email), .text(person.name), .real(person.score),
        .integer(Int64(person.updatedAt)),
      ])
    }
  }
}
