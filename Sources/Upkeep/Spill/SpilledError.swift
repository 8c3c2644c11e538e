internal import UpkeepStorage

/// An error of a row, which may have to leave memory until it is told. Of an error below it only the library's own
/// comes back.
final class SpilledError: Spillable {
  let error: UpkeepError

  init(_ error: UpkeepError) { self.error = error }

  var byteCount: Int { 300 + error.message.utf8.count }

  func append(to buffer: ByteBuffer) { Self.append(error, to: buffer) }

  convenience init(_ bytes: inout SpilledBytes) throws(UpkeepError) {
    self.init(try Self.read(&bytes))
  }

  static func append(_ error: UpkeepError, to buffer: ByteBuffer) {
    buffer.spill(error.code.rawValue)
    buffer.spill(error.message)
    for text in [
      error.table, error.column, error.index, error.key, error.existingKey, error.value, error.file,
      error.name, error.sourceLine,
    ] { buffer.spill(optional: text) }
    for number in [
      error.rowNumber, error.offset.map { Int(truncatingIfNeeded: $0) }, error.line, error.textColumn,
    ] {
      buffer.append(number == nil ? 0 : 1)
      if let number { buffer.spill(number) }
    }
    let cause = error.cause as? UpkeepError
    buffer.append(cause == nil ? 0 : 1)
    if let cause { append(cause, to: buffer) }
  }

  static func read(_ bytes: inout SpilledBytes) throws(UpkeepError) -> UpkeepError {
    var error = UpkeepError(UpkeepError.Code(rawValue: try bytes.text()), try bytes.text())
    error.table = try bytes.optionalText()
    error.column = try bytes.optionalText()
    error.index = try bytes.optionalText()
    error.key = try bytes.optionalText()
    error.existingKey = try bytes.optionalText()
    error.value = try bytes.optionalText()
    error.file = try bytes.optionalText()
    error.name = try bytes.optionalText()
    error.sourceLine = try bytes.optionalText()
    if try bytes.byte() != 0 { error.rowNumber = try bytes.int() }
    if try bytes.byte() != 0 { error.offset = UInt64(truncatingIfNeeded: try bytes.int()) }
    if try bytes.byte() != 0 { error.line = try bytes.int() }
    if try bytes.byte() != 0 { error.textColumn = try bytes.int() }
    if try bytes.byte() != 0 { error.cause = try read(&bytes) }
    return error
  }
}
