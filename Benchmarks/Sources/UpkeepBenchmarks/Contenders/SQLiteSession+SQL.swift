import CSQLite

extension SQLiteSession: SQLSession {
  func query(_ sql: String, _ parameter: Int?) throws -> Int {
    let statement = try prepared(sql)
    if let parameter { sqlite3_bind_int64(statement, 1, Int64(parameter)) }
    let width = sqlite3_column_count(statement)
    var total = 0
    var code = sqlite3_step(statement)
    while code == SQLITE_ROW {
      for column in 0..<width {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER: total &+= Int(sqlite3_column_int64(statement, column))
        case SQLITE_FLOAT: total &+= sum(sqlite3_column_double(statement, column))
        case SQLITE_TEXT:
          let bytes = UnsafeRawBufferPointer(
            start: sqlite3_column_text(statement, column), count: Int(sqlite3_column_bytes(statement, column))
          )
          total &+= bytes.count &+ Int(bytes.first ?? 0)
        default: break
        }
      }
      code = sqlite3_step(statement)
    }
    sqlite3_reset(statement)
    try check(code)
    return total
  }

  func queries(_ sql: String, _ parameters: [Int]) throws -> Int {
    try execute("BEGIN")
    var total = 0
    for parameter in parameters { total &+= try query(sql, parameter) }
    try execute("COMMIT")
    return total
  }

  func changes(_ sql: String, _ parameters: [Int]) throws {
    try execute("BEGIN")
    for parameter in parameters { _ = try query(sql, parameter) }
    try execute("COMMIT")
  }

  func readPrepared(_ ids: ArraySlice<Int>) throws -> Int { try read(ids, inOne: true) }

  func upsertPrepared(_ people: [Person]) throws {
    for person in people { try write(People([person]), .upsert) }
  }
}
