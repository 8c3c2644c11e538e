/// How rows are shown.
enum ResultFormat: String, CaseIterable {
  /// Columns of one width: for people.
  case table
  /// The same with lines all around.
  case box
  case csv
  case tsv
  /// One array of objects for each result.
  case json
  /// One JSON object for each row.
  case jsonl
  /// One JSON array for each row.
  case jsonrows
  /// Values joined by `|`, without a header: for pipes.
  case list
  /// A line for each column of a row.
  case line
  case markdown
  /// An INSERT statement for each row.
  case insert

  /// The format of this name, or of that which SQLite's shell has for it.
  init?(argument: String) {
    let habits = ["column": Self.table, "columns": .table, "lines": .line, "tabs": .tsv]
    guard let format = Self(rawValue: argument) ?? habits[argument] else { return nil }
    self = format
  }

  static let names = allCases.map(\.rawValue).joined(separator: ", ")

  /// Whether a header is shown where nobody said.
  var showsHeader: Bool {
    switch self {
    case .csv, .tsv, .table, .box, .markdown: true
    case .list, .json, .jsonl, .jsonrows, .line, .insert: false
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
  /// What stands between values in `list`, and if it is one character in `csv` and `tsv`; nil for the format's own.
  var separator: String?
  /// Widths of the first columns in tables, negative to put them to the right; 0 for the table's own way.
  var widths: [Int] = []
  /// Rows that tables show of a result; nil for all.
  var mostRows: Int?
  /// The table that `insert` names; nil for the one that the rows are from.
  var insertTable: String?

  /// The printer that shows one result in this way.
  ///
  /// - Parameter source: the table that the rows are from, if it is one.
  func printer(_ output: Output, source: String? = nil) -> any ResultPrinter {
    let showsHeader = header ?? format.showsHeader
    switch format {
    case .list:
      return ListPrinter(output, separator: separator ?? "|", showsHeader: showsHeader, null: null ?? "")
    case .csv, .tsv:
      let sign = separator?.unicodeScalars.first { $0.isASCII } ?? (format == .csv ? "," : "\t")
      return DelimitedPrinter(output, separator: sign, showsHeader: showsHeader, null: null ?? "")
    case .json: return JSONArrayPrinter(output)
    case .jsonl: return JSONLinesPrinter(output)
    case .jsonrows: return JSONRowsPrinter(output, showsHeader: showsHeader)
    case .table: return TablePrinter(output, .plain, self)
    case .box: return TablePrinter(output, .box, self)
    case .markdown: return TablePrinter(output, .markdown, self)
    case .line: return LinePrinter(output, self)
    case .insert: return InsertPrinter(output, table: insertTable ?? source ?? "result")
    }
  }
}
