/// How rows are shown.
enum ResultFormat: String, CaseIterable {
  /// Values joined by `|`, without a header: for pipes.
  case list
  case csv
  case tsv
  /// One array of objects for each result.
  case json
  /// One JSON object for each row.
  case jsonl
  /// One JSON array for each row.
  case jsonrows
  /// Columns of one width: for people.
  case table

  static let names = allCases.map(\.rawValue).joined(separator: ", ")

  /// Whether a header is shown where nobody said.
  var showsHeader: Bool {
    switch self {
    case .csv, .tsv, .table: true
    case .list, .json, .jsonl, .jsonrows: false
    }
  }
}

/// What is said about showing rows: a format, and what overrides its ways.
struct ResultStyle {
  var format: ResultFormat
  /// Whether a header is shown; nil for the format's own way.
  var header: Bool?
  /// What stands for NULL; nil for the format's own way.
  var null: String?

  /// The printer that shows one result in this way.
  func printer(_ output: Output) -> any ResultPrinter {
    let showsHeader = header ?? format.showsHeader
    switch format {
    case .list: return ListPrinter(output, showsHeader: showsHeader, null: null ?? "")
    case .csv: return DelimitedPrinter(output, separator: ",", showsHeader: showsHeader, null: null ?? "")
    case .tsv: return DelimitedPrinter(output, separator: "\t", showsHeader: showsHeader, null: null ?? "")
    case .json: return JSONArrayPrinter(output)
    case .jsonl: return JSONLinesPrinter(output)
    case .jsonrows: return JSONRowsPrinter(output, showsHeader: showsHeader)
    case .table: return TablePrinter(output, showsHeader: showsHeader, null: null ?? "NULL")
    }
  }
}
