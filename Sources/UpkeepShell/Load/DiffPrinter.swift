import Upkeep
import UpkeepSQL

/// Shows the rows that a load would change: `+` for one that is new, `~` for one that changes, `-` for one that goes.
///
///     + icao 'EGLL', name 'Heathrow'
///     ~ icao 'EGKK': name 'Gatwick' -> 'London Gatwick', seen 1 -> 2
///     - icao 'EGXX', name NULL
struct DiffPrinter {
  private let output: Output
  private let asJSON: Bool

  init(_ output: Output, asJSON: Bool) {
    self.output = output
    self.asJSON = asJSON
  }

  func show(_ change: FeedDiff.Change, _ schema: TableSchema) {
    switch change {
    case .inserted(let row): show("+", "inserted", row, schema)
    case .deleted(let row): show("-", "deleted", row, schema)
    case .updated(let old, let new): show(old, new, schema)
    }
    output.write(UInt8(ascii: "\n"))
  }

  private func show(_ mark: String, _ kind: String, _ row: [Value], _ schema: TableSchema) {
    let places = Array(row.indices)
    if asJSON {
      output.write("{\"change\":\"\(kind)\",\"row\":{\(members(row, places, schema))}}")
    } else {
      output.write("\(mark) \(fields(row, places, schema))")
    }
  }

  private func show(_ old: [Value], _ new: [Value], _ schema: TableSchema) {
    // Where the table has no primary key of its own, the whole row as it was says which one it is.
    let key = schema.primaryKey.isEmpty ? Array(old.indices) : schema.primaryKey
    let changed = old.indices.filter { old[$0] != new[$0] }
    if asJSON {
      let columns = changed.map { place in
        "\(name(place, schema)):{\"old\":\(old[place].jsonText),\"new\":\(new[place].jsonText)}"
      }
      output.write(
        "{\"change\":\"updated\",\"key\":{\(members(old, key, schema))},\"columns\":{\(columns.joined(separator: ","))}}"
      )
    } else {
      let columns = changed.map { place in
        "\(SQLPrinter.name(schema.columns[place].name)) \(shown(old[place])) -> \(shown(new[place]))"
      }
      output.write("~ \(fields(old, key, schema)): \(columns.joined(separator: ", "))")
    }
  }

  private func name(_ place: Int, _ schema: TableSchema) -> String {
    JSONText.quoted(schema.columns[place].name)
  }

  private func members(_ row: [Value], _ places: [Int], _ schema: TableSchema) -> String {
    places.map { "\(name($0, schema)):\(row[$0].jsonText)" }.joined(separator: ",")
  }

  /// A value as SQL has it, but for line ends, so that a row stays on its line.
  private func shown(_ value: Value) -> String {
    let text = SQLPrinter.literal(value)
    guard text.utf8.contains(where: { $0 == 10 || $0 == 13 }) else { return text }
    return text.replacing("\r\n", with: "\\r\\n").replacing("\n", with: "\\n").replacing("\r", with: "\\r")
  }

  private func fields(_ row: [Value], _ places: [Int], _ schema: TableSchema) -> String {
    places.map { "\(SQLPrinter.name(schema.columns[$0].name)) \(shown(row[$0]))" }
      .joined(separator: ", ")
  }
}
