import Upkeep

/// One JSON object for each row, its keys in column order.
final class JSONLinesPrinter: ResultPrinter {
  private let output: Output
  private var object: JSONObjectWriter

  init(_ output: Output) {
    self.output = output
    object = JSONObjectWriter([])
  }

  func begin(_ columns: [String]) { object = JSONObjectWriter(columns) }

  func row(_ values: [Value]) {
    object.write(values, to: output)
    output.write(UInt8(ascii: "\n"))
  }

  func end(failed: Bool) {}
}

/// One array of objects.
final class JSONArrayPrinter: ResultPrinter {
  private let output: Output
  private var object: JSONObjectWriter
  private var isFirst = true

  init(_ output: Output) {
    self.output = output
    object = JSONObjectWriter([])
  }

  func begin(_ columns: [String]) {
    object = JSONObjectWriter(columns)
    output.write(UInt8(ascii: "["))
  }

  func row(_ values: [Value]) {
    if !isFirst { output.write(",\n") }
    isFirst = false
    object.write(values, to: output)
  }

  func end(failed: Bool) { output.write("]\n") }
}

/// One JSON array for each row, for columns that share a name.
final class JSONRowsPrinter: ResultPrinter {
  private let output: Output
  private let showsHeader: Bool

  init(_ output: Output, showsHeader: Bool) {
    self.output = output
    self.showsHeader = showsHeader
  }

  func begin(_ columns: [String]) {
    if showsHeader { row(columns.map { Value.text($0) }) }
  }

  func row(_ values: [Value]) {
    output.write(UInt8(ascii: "["))
    for (column, value) in values.enumerated() {
      if column > 0 { output.write(UInt8(ascii: ",")) }
      output.write(json: value)
    }
    output.write("]\n")
  }

  func end(failed: Bool) {}
}

/// Writes rows as objects, with their keys made ready once.
struct JSONObjectWriter {
  private let keys: [[UInt8]]

  init(_ columns: [String]) {
    keys = columns.enumerated().map { column, name in
      Array(((column == 0 ? "" : ",") + JSONText.quoted(name) + ":").utf8)
    }
  }

  func write(_ values: [Value], to output: Output) {
    output.write(UInt8(ascii: "{"))
    for (column, value) in values.enumerated() where column < keys.count {
      output.write(keys[column])
      output.write(json: value)
    }
    output.write(UInt8(ascii: "}"))
  }
}

extension Output {
  /// A value as JSON.
  func write(json value: Value) {
    guard case .text(let text) = value,
      !text.utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") })
    else { return write(value.jsonText) }
    write(UInt8(ascii: "\""))
    write(text)
    write(UInt8(ascii: "\""))
  }
}
