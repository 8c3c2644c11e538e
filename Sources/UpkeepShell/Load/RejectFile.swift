import Upkeep

/// Writes rejected records as they were, with four more columns that say why; the loader passes over these.
final class RejectFile: RejectSink {
  private let path: String
  private let output: Output
  /// Between fields, where the records have such.
  private var separator: UInt8?
  private let ownSeparator: UInt8?
  private var hasReasonsAlready = false
  /// How many records were written.
  private(set) var count = 0

  /// Makes the file anew, so that nothing of an earlier load is taken for this one's.
  ///
  /// - Parameters:
  ///   - inputs: what the load reads, which must not be the same file.
  ///   - separator: what stands between fields, where it is not what the format says.
  init(_ path: String, inputs: [String], separator: UInt8?) throws(ShellError) {
    ownSeparator = separator
    var status = stat()
    if stat(path, &status) == 0 {
      for input in inputs where input != "-" {
        var other = stat()
        if stat(input, &other) == 0, other.st_dev == status.st_dev, other.st_ino == status.st_ino {
          throw ShellError("--rejects \(path) is the file that is loaded; name another one")
        }
      }
    }
    self.path = path
    output = try Output.file(path)
  }

  func begin(_ header: [UInt8]?, _ format: FeedFormat) throws(UpkeepError) {
    separator = format.separator.map { ownSeparator ?? $0 }
    guard let header, let separator else { return }
    let names = ["_line", "_reason", "_index", "_existing"]
    // A reject file that is loaded again and has rejects keeps the columns that it has.
    let text = String(decoding: header, as: UTF8.self)
    output.write(header)
    hasReasonsAlready = text.hasSuffix(names.joined(separator: String(UnicodeScalar(separator))))
    if !hasReasonsAlready { for name in names { add(name, separator) } }
    try endLine()
  }

  func reject(_ record: UnsafeRawBufferPointer, line: Int, because error: UpkeepError) throws(UpkeepError) {
    count += 1
    if let separator {
      output.write(Array(record))
      if !hasReasonsAlready {
        for text in [String(line), error.message, error.index ?? "", error.existingKey ?? ""] {
          add(text, separator)
        }
      }
    } else {
      output.write(JSONReject.line(record, number: line, because: error))
    }
    try endLine()
  }

  /// Writes what is left and closes the file.
  func finish() throws(ShellError) {
    output.close()
    if let failure = output.failure { throw .system("cannot write \(path)", failure) }
  }

  private func add(_ text: String, _ separator: UInt8) {
    output.write(separator)
    let needsQuotes = text.utf8.contains {
      $0 == separator || $0 == UInt8(ascii: "\"") || $0 == 10 || $0 == 13
    }
    output.write(needsQuotes ? "\"\(text.doubling("\""))\"" : text)
  }

  private func endLine() throws(UpkeepError) {
    output.write(UInt8(ascii: "\n"))
    if let failure = output.failure {
      throw UpkeepError(.io, "cannot write \(path): \(System.meaning(of: failure))")
    }
  }
}
