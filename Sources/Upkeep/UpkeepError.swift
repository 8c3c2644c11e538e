internal import UpkeepStorage

/// What went wrong, where, and what to do next. The one error type of the public interface.
public struct UpkeepError: Error, Sendable {
  /// The kind of error, open to additions: compare with the constants.
  public struct Code: Sendable, Hashable, RawRepresentable, CustomStringConvertible {
    /// The word that names the code in the shell's machine-readable output.
    public let rawValue: String

    /// A code by its word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The word itself.
    public var description: String { rawValue }
  }

  // The parts are kept behind a reference: an error is one word to throw, and functions that may throw one need little
  // stack, which matters where they call themselves.
  /// The kind of error.
  public var code: Code {
    get { parts.code }
    set { change { $0.code = newValue } }
  }
  /// What happened and what to do next, in one line.
  public var message: String {
    get { parts.message }
    set { change { $0.message = newValue } }
  }
  /// The table concerned.
  public var table: String? {
    get { parts.table }
    set { change { $0.table = newValue } }
  }
  /// The column concerned.
  public var column: String? {
    get { parts.column }
    set { change { $0.column = newValue } }
  }
  /// The index or constraint concerned: its name, or `primary key`.
  public var index: String? {
    get { parts.index }
    set { change { $0.index = newValue } }
  }
  /// The key that is held twice, as a person reads it.
  public var key: String? {
    get { parts.key }
    set { change { $0.key = newValue } }
  }
  /// The primary key of the row in the way, as a person reads it.
  public var existingKey: String? {
    get { parts.existingKey }
    set { change { $0.existingKey = newValue } }
  }
  /// The input row, from 1.
  public var rowNumber: Int? {
    get { parts.rowNumber }
    set { change { $0.rowNumber = newValue } }
  }
  /// The value that does not fit, as a person reads it.
  public var value: String? {
    get { parts.value }
    set { change { $0.value = newValue } }
  }
  /// The file concerned.
  public var file: String? {
    get { parts.file }
    set { change { $0.file = newValue } }
  }
  /// The byte, line or page in that file.
  public var offset: UInt64? {
    get { parts.offset }
    set { change { $0.offset = newValue } }
  }
  /// The name that was not known, for `unknownTable`, `unknownColumn` and their like.
  public var name: String? {
    get { parts.name }
    set { change { $0.name = newValue } }
  }
  /// Where in a text, from 1.
  public var line: Int? {
    get { parts.line }
    set { change { $0.line = newValue } }
  }
  /// Where in the line, in characters from 1.
  public var textColumn: Int? {
    get { parts.textColumn }
    set { change { $0.textColumn = newValue } }
  }
  /// The line of text concerned, for a caret to stand under.
  public var sourceLine: String? {
    get { parts.sourceLine }
    set { change { $0.sourceLine = newValue } }
  }
  /// Where in the statement's text what it complains of was read, in bytes.
  package var place: SourcePlace {
    get { parts.place }
    set { change { $0.place = newValue } }
  }
  /// The error below this one.
  public var cause: (any Error)? {
    get { parts.cause }
    set { change { $0.cause = newValue } }
  }

  private struct Content: Sendable {
    var code: Code
    var message: String
    var table: String?
    var column: String?
    var index: String?
    var key: String?
    var existingKey: String?
    var rowNumber: Int?
    var value: String?
    var file: String?
    var offset: UInt64?
    var name: String?
    var line: Int?
    var textColumn: Int?
    var sourceLine: String?
    var place = SourcePlace()
    var cause: (any Error)?
  }

  /// What an error holds, never changed once it is made.
  private final class Box: Sendable {
    let content: Content
    init(_ content: Content) { self.content = content }
  }

  private var box: Box
  private var parts: Content { box.content }

  private mutating func change(_ edit: (inout Content) -> Void) {
    var content = box.content
    edit(&content)
    box = Box(content)
  }

  /// An error of this kind, with its line of explanation.
  public init(_ code: Code, _ message: String) {
    box = Box(Content(code: code, message: message))
  }
}

extension UpkeepError {
  /// What to do next, where the message says so: what stands behind its last semicolon that is not part of a quoted value.
  public var hint: String? { hintStart.map { String(message[message.index($0, offsetBy: 2)...]) } }

  /// Where the semicolon before the hint stands.
  private var hintStart: String.Index? {
    let bytes = message.utf8
    var position = bytes.endIndex
    var isQuoted = false
    while position > bytes.startIndex {
      let next = position
      position = bytes.index(before: position)
      if bytes[position] == UInt8(ascii: "'"), !isWithinWord(position) { isQuoted.toggle() }
      guard !isQuoted, bytes[position] == UInt8(ascii: ";"), next < bytes.endIndex,
        bytes[next] == UInt8(ascii: " ")
      else { continue }
      return position
    }
    return nil
  }

  /// The error with more of what happened, said before what is to be done about it.
  func saying(_ remark: String) -> UpkeepError {
    var error = self
    error.message.insert(contentsOf: remark, at: hintStart ?? message.endIndex)
    return error
  }

  /// Whether what stands in the message there is an apostrophe between two letters.
  private func isWithinWord(_ position: String.UTF8View.Index) -> Bool {
    let bytes = message.utf8
    let next = bytes.index(after: position)
    guard position > bytes.startIndex, next < bytes.endIndex else { return false }
    func isLetter(_ byte: UInt8) -> Bool { UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 }
    return isLetter(bytes[bytes.index(before: position)]) && isLetter(bytes[next])
  }
}

extension UpkeepError: CustomStringConvertible {
  /// The message.
  public var description: String { message }
}

extension UpkeepError.Code {
  /// A row meets another by a unique key.
  public static let uniqueViolation = Self(rawValue: "unique")
  /// A row meets several rows by several keys and the statement does not say which is meant.
  public static let ambiguous = Self(rawValue: "ambiguous")
  /// NULL in a column that is NOT NULL.
  public static let notNullViolation = Self(rawValue: "not-null")
  /// A CHECK is not met.
  public static let checkViolation = Self(rawValue: "check")
  /// A value does not fit its column's type.
  public static let typeMismatch = Self(rawValue: "type")
  /// A key or value is longer than the store takes.
  public static let tooLong = Self(rawValue: "too-long")
  /// A number overflows.
  public static let overflow = Self(rawValue: "overflow")
  /// A text is no statement.
  public static let syntax = Self(rawValue: "syntax")
  /// No such table.
  public static let unknownTable = Self(rawValue: "no-table")
  /// No such column.
  public static let unknownColumn = Self(rawValue: "no-column")
  /// No such index, or no unique key fits a conflict target.
  public static let unknownIndex = Self(rawValue: "no-index")
  /// No such function.
  public static let unknownFunction = Self(rawValue: "no-function")
  /// The name is taken.
  public static let exists = Self(rawValue: "exists")
  /// The statement is well formed but means nothing here.
  public static let misuse = Self(rawValue: "misuse")
  /// A feature that Upkeep does not have (yet).
  public static let unsupported = Self(rawValue: "unsupported")
  /// More rejected rows than allowed.
  public static let tooManyRejects = Self(rawValue: "reject-limit")
  /// A depth, size or count is over its limit.
  public static let limit = Self(rawValue: "limit")
  /// A line of a feed cannot be read.
  public static let badInput = Self(rawValue: "bad-input")
  /// Bytes on disk are not what was written.
  public static let corrupt = Self(rawValue: "corrupt")
  /// The file is no Upkeep database.
  public static let notADatabase = Self(rawValue: "not-a-database")
  /// Another process has the store open.
  public static let locked = Self(rawValue: "locked")
  /// The disk is full.
  public static let full = Self(rawValue: "full")
  /// Another write was under way for longer than this one was to wait.
  public static let busy = Self(rawValue: "busy")
  /// A call on a file failed.
  public static let io = Self(rawValue: "io")
  /// The store is closed.
  public static let closed = Self(rawValue: "closed")
  /// The store or transaction does not write.
  public static let readOnly = Self(rawValue: "read-only")
}
