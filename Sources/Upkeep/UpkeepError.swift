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

  /// The kind of error.
  public var code: Code
  /// What happened and what to do next, in one line.
  public var message: String
  /// The table concerned.
  public var table: String?
  /// The column concerned.
  public var column: String?
  /// The index or constraint concerned: its name, or `primary key`.
  public var index: String?
  /// The key that is held twice, as a person reads it.
  public var key: String?
  /// The primary key of the row in the way, as a person reads it.
  public var existingKey: String?
  /// The input row, from 1.
  public var rowNumber: Int?
  /// The value that does not fit, as a person reads it.
  public var value: String?
  /// The file concerned.
  public var file: String?
  /// The byte, line or page in that file.
  public var offset: UInt64?
  /// The name that was not known, for `unknownTable`, `unknownColumn` and their like.
  public var name: String?
  /// Where in a text, from 1.
  public var line: Int?
  /// Where in the line, in characters from 1.
  public var textColumn: Int?
  /// The line of text concerned, for a caret to stand under.
  public var sourceLine: String?
  /// The error below this one.
  public var cause: (any Error)?

  /// An error of this kind, with its line of explanation.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
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
  /// A call on a file failed.
  public static let io = Self(rawValue: "io")
  /// The store is closed.
  public static let closed = Self(rawValue: "closed")
  /// The store or transaction does not write.
  public static let readOnly = Self(rawValue: "read-only")
}
