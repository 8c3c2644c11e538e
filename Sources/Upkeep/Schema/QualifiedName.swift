/// A name in a statement that says which of two tables of a name it means: `main.t` the one that lasts, `temp.t` the
/// temporary one, which stands before it otherwise.
///
/// Statements have names as one text. That of a qualified name has a zero byte behind the database, which no name has.
///
/// ```swift
/// TableReference(QualifiedName("t", in: .main).text, as: "t")
/// ```
public struct QualifiedName: Sendable, Hashable {
  /// Where tables are.
  public enum Database: String, Sendable, Hashable, CaseIterable {
    /// What lasts.
    case main
    /// What the session made for itself.
    case temp
  }

  /// The name within the database.
  public var name: String
  /// Where to look for it.
  public var database: Database

  /// A name in a database.
  public init(_ name: String, in database: Database) {
    self.name = name
    self.database = database
  }

  /// The qualified name that a statement's text for a name is; nil for a bare name.
  public init?(text: String) {
    guard let end = text.utf8.firstIndex(of: 0), let database = Database(rawValue: String(text[..<end]))
    else {
      return nil
    }
    self.init(String(text[text.utf8.index(after: end)...]), in: database)
  }

  /// As statements have it.
  public var text: String { "\(database.rawValue)\0\(name)" }

  /// The name without the database, of either kind.
  static func bare(_ text: String) -> String { QualifiedName(text: text)?.name ?? text }

  /// A name as messages have it.
  static func shown(_ text: String) -> String {
    QualifiedName(text: text).map { "\($0.database.rawValue).\($0.name)" } ?? text
  }
}
