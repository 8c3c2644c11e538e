import Upkeep
import UpkeepSQL

/// A query's rows into a file, in a format: whole or not at all.
struct Export {
  var file: String
  var style: ResultStyle

  /// What a file holds by its ending, before `.gz` if it has that.
  static func format(of file: String) -> ResultFormat? {
    var name = file.lowercased()
    if name.hasSuffix(".gz") { name.removeLast(3) }
    let endings = [
      ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl",
      ".md": "markdown", ".txt": "table", ".sql": "insert",
    ]
    let ending = name.lastIndex(of: ".").map { String(name[$0...]) } ?? ""
    return endings[ending].flatMap { ResultFormat(rawValue: $0) }
  }

  /// Runs the query.
  ///
  /// - Returns: how many rows went out.
  func run(_ statement: Statement, in session: Session) throws -> Int {
    var status = stat()
    // What is there and no file, as a pipe, is written to; a file is replaced when the new one is whole.
    let isReplaced = stat(file, &status) != 0 || status.st_mode & S_IFMT == S_IFREG
    let path = isReplaced ? file + "-new" : file
    let output = try Output.file(path, gzip: file.lowercased().hasSuffix(".gz"))
    let sink = CountingSink(ResultSink(output, style))
    let result = Result { try session.execute(statement, into: sink) }
    sink.end()
    output.close()
    do {
      _ = try result.get()
      if let failure = output.failure { throw ShellError.system("cannot write \(file)", failure) }
      if isReplaced, rename(path, file) != 0 { throw ShellError.system("cannot write \(file)", errno) }
    } catch {
      if isReplaced { unlink(path) }
      throw error
    }
    return sink.count
  }
}

/// Counts the rows that go to another sink.
final class CountingSink: RowSink {
  private let sink: ResultSink
  private(set) var count = 0

  init(_ sink: ResultSink) { self.sink = sink }

  func begin(columns: [String]) throws { try sink.begin(columns: columns) }

  func row(_ values: [Value]) throws {
    count += 1
    try sink.row(values)
  }

  func end() { sink.end() }
}
