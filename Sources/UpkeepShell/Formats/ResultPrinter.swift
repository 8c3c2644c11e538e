import Upkeep

/// Shows one result: `begin`, each row, `end`. Writes to an output that it does not flush.
protocol ResultPrinter: AnyObject {
  func begin(_ columns: [String])
  func row(_ values: [Value])
  /// - Parameter failed: whether the statement failed before its end.
  func end(failed: Bool)
}

/// Values joined by `|`, or what else was asked for.
final class ListPrinter: ResultPrinter {
  private let output: Output
  private let separator: [UInt8]
  private let showsHeader: Bool
  private let null: String

  init(_ output: Output, separator: String, showsHeader: Bool, null: String) {
    self.output = output
    self.separator = Array(separator.utf8)
    self.showsHeader = showsHeader
    self.null = null
  }

  func begin(_ columns: [String]) {
    guard showsHeader else { return }
    output.write(columns.joined(separator: String(decoding: separator, as: UTF8.self)) + "\n")
  }

  func row(_ values: [Value]) {
    for (column, value) in values.enumerated() {
      if column > 0 { output.write(separator) }
      output.write(value, null: null)
    }
    output.write(UInt8(ascii: "\n"))
  }

  func end(failed: Bool) {}
}

/// CSV and TSV that read back as the same values: NULL is empty, empty text is `""`, and quotes stand
/// where a field would be read otherwise.
final class DelimitedPrinter: ResultPrinter {
  private let output: Output
  private let separator: UInt8
  private let showsHeader: Bool
  private let null: String

  init(_ output: Output, separator: Unicode.Scalar, showsHeader: Bool, null: String) {
    self.output = output
    self.separator = UInt8(ascii: separator)
    self.showsHeader = showsHeader
    self.null = null
  }

  func begin(_ columns: [String]) {
    if showsHeader { row(columns.map { Value.text($0) }) }
  }

  func row(_ values: [Value]) {
    for (column, value) in values.enumerated() {
      if column > 0 { output.write(separator) }
      switch value {
      case .null: output.write(null)
      case .text(let text), .json(let text): writeField(text)
      default: output.write(value, null: null)
      }
    }
    output.write(UInt8(ascii: "\n"))
  }

  func end(failed: Bool) {}

  private func writeField(_ text: String) {
    let needsQuotes =
      text.isEmpty || text == null
      || text.utf8.contains { $0 == separator || $0 == UInt8(ascii: "\"") || $0 == 10 || $0 == 13 }
    guard needsQuotes else { return output.write(text) }
    output.write(UInt8(ascii: "\""))
    if text.utf8.contains(UInt8(ascii: "\"")) {
      for byte in text.utf8 {
        if byte == UInt8(ascii: "\"") { output.write(byte) }
        output.write(byte)
      }
    } else {
      output.write(text)
    }
    output.write(UInt8(ascii: "\""))
  }
}

extension Output {
  /// A value as a person reads it.
  func write(_ value: Value, null: String) {
    switch value {
    case .null: write(null)
    case .text(let text), .json(let text): write(text)
    case .integer(let number): write(String(number))
    default: write(value.description)
    }
  }
}
