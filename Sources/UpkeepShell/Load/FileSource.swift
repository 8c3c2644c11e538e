import Foundation
import Upkeep

/// A file or standard input as the bytes of a feed.
final class FileSource: ByteSource {
  private let path: String
  private let descriptor: Int32
  /// The file's length, where it has one.
  let size: Int?

  /// Opens a file; `-` is standard input.
  init(_ path: String) throws(ShellError) {
    self.path = path
    descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system("cannot read \(path)", errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .system("cannot read \(path)", errno) }
    let kind = status.st_mode & S_IFMT
    guard kind != S_IFDIR else { throw ShellError("cannot read \(path): it is a folder", code: .io) }
    size = kind == S_IFREG ? Int(status.st_size) : nil
  }

  deinit {
    if descriptor != STDIN_FILENO { close(descriptor) }
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(UpkeepError) -> Int {
    while true {
      let count = Foundation.read(descriptor, target.baseAddress, target.count)
      if count >= 0 { return count }
      if errno != EINTR {
        throw UpkeepError(.io, "cannot read \(path): \(String(cString: strerror(errno)))")
      }
    }
  }
}

/// Writes rejected lines as they were, with four more columns that say why; the loader passes over these.
final class RejectFile: RejectSink {
  private let path: String
  private let output: Output
  private var separator = UInt8(ascii: ",")
  /// How many lines were written.
  private(set) var count = 0

  /// Makes the file anew, so that nothing of an earlier load is taken for this one's.
  init(_ path: String) throws(ShellError) {
    self.path = path
    output = try Output.file(path)
  }

  func header(_ line: UnsafeRawBufferPointer, _ format: CSVReader.Format) throws(UpkeepError) {
    separator = format == .csv ? UInt8(ascii: ",") : 9
    let names = ["_line", "_reason", "_index", "_existing"]
    // A reject file that is loaded again and has rejects keeps the columns that it has.
    let text = String(decoding: line, as: UTF8.self)
    output.write(Array(line))
    hasReasonsAlready = text.hasSuffix(names.joined(separator: String(UnicodeScalar(separator))))
    if !hasReasonsAlready { for name in names { add(name) } }
    try endLine()
  }

  private var hasReasonsAlready = false

  func reject(_ line: UnsafeRawBufferPointer, number: Int, because error: UpkeepError) throws(UpkeepError) {
    count += 1
    output.write(Array(line))
    if !hasReasonsAlready {
      add(String(number))
      add(error.message)
      add(error.index ?? "")
      add(error.existingKey ?? "")
    }
    try endLine()
  }

  /// Writes what is left and closes the file.
  func finish() throws(ShellError) {
    output.close()
    if let failure = output.failure { throw .system("cannot write \(path)", failure) }
  }

  private func add(_ text: String) {
    output.write(separator)
    let needsQuotes = text.utf8.contains {
      $0 == separator || $0 == UInt8(ascii: "\"") || $0 == 10 || $0 == 13
    }
    output.write(needsQuotes ? "\"\(text.replacingOccurrences(of: "\"", with: "\"\""))\"" : text)
  }

  private func endLine() throws(UpkeepError) {
    output.write(UInt8(ascii: "\n"))
    if let failure = output.failure {
      throw UpkeepError(.io, "cannot write \(path): \(String(cString: strerror(failure)))")
    }
  }
}
