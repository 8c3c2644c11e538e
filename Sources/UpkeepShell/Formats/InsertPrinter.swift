import Upkeep
import UpkeepSQL

/// A statement a row that puts it into a table.
final class InsertPrinter: ResultPrinter {
  private let output: Output
  private let table: String
  private var start = ""

  init(_ output: Output, table: String) {
    self.output = output
    self.table = table
  }

  func begin(_ columns: [String]) {
    let names = columns.map { SQLPrinter.name($0) }.joined(separator: ", ")
    start = "INSERT INTO \(SQLPrinter.name(table)) (\(names)) VALUES ("
  }

  func row(_ values: [Value]) {
    output.write(start)
    for (place, value) in values.enumerated() {
      if place > 0 { output.write(", ") }
      output.write(SQLPrinter.literal(value))
    }
    output.write(");\n")
  }

  func end(failed: Bool) {}
}
