/// A type whose values are rows of a table.
///
/// ```swift
/// struct Airport: Record {
///   var icao: String
///   var iata: String?
///   var name: String
///   var seen = 0
///
///   static let table = "airport"
///   static let columns: RecordColumns<Airport> = [
///     .column("icao", \.icao), .column("iata", \.iata), .column("name", \.name), .column("seen", \.seen),
///   ]
///   init(row: RecordRow<Airport>) throws(UpkeepError) {
///     (icao, iata) = (try row[\.icao], try row[\.iata])
///     (name, seen) = (try row[\.name], try row[\.seen])
///   }
/// }
/// ```
///
/// A struct that is `Decodable` needs no `init(row:)`: see `CodableRecord`. The table itself is made as any other; it may
/// have more columns than the type has.
public protocol Record: RecordInput where Model == Self {
  /// The table's name.
  static var table: String { get }
  /// The columns that the type has, each with the property that holds its value. A `static let`: what is found out about
  /// the list is remembered as long as it is the same one.
  static var columns: RecordColumns<Self> { get }
  /// A value from a row.
  ///
  /// - Throws: `typeMismatch` where a column holds what its property cannot.
  init(row: RecordRow<Self>) throws(UpkeepError)
}

/// What can be put into a record's table: a record, or a `PartialRecord`, of which only some properties are given.
public protocol RecordInput<Model>: Sendable {
  /// The record's type.
  associatedtype Model: Record
  /// Gives a row the values of its columns. A column that it does not give is absent, which is not NULL. A record that
  /// does not say it by hand, which is quicker, gives each property of `columns`.
  func write(to row: RecordValues<Model>)
}

extension Record {
  /// Gives every column of `columns`.
  @inlinable
  public func write(to row: RecordValues<Self>) {
    let columns = Self.columns.columns
    for position in columns.indices { row.give(position, columns[position].value(self)) }
  }
}

/// A column of a record's table, and the property that holds its value.
public struct RecordColumn<R: Record>: Sendable {
  /// The column's name.
  public let name: String
  let path: PartialKeyPath<R> & Sendable
  @usableFromInline let value: @Sendable (R) -> Value

  @usableFromInline
  init(_ name: String, _ path: PartialKeyPath<R> & Sendable, value: @escaping @Sendable (R) -> Value) {
    self.name = name
    self.path = path
    self.value = value
  }

  /// A column and its property, of a type that columns hold.
  @inlinable
  public static func column<V: ColumnValue>(
    _ name: String, _ path: KeyPath<R, V> & Sendable
  ) -> RecordColumn {
    guard let offset = MemoryLayout<R>.offset(of: path) else {
      return RecordColumn(name, path, value: { $0[keyPath: path].columnValue })
    }
    // A stored property is read where it lies, which is many times as quick as by its path.
    return RecordColumn(name, path) { record in
      withUnsafePointer(to: record) { record in
        (UnsafeRawPointer(record) + offset).assumingMemoryBound(to: V.self).pointee.columnValue
      }
    }
  }
}

/// The columns of a record's table, in the record's order.
public struct RecordColumns<R: Record>: Sendable, ExpressibleByArrayLiteral {
  /// The columns.
  public let columns: [RecordColumn<R>]
  /// Their names.
  public let names: ColumnNames

  /// These columns.
  public init(_ columns: [RecordColumn<R>]) {
    self.columns = columns
    names = ColumnNames(columns.map(\.name))
  }

  /// These columns.
  public init(arrayLiteral elements: RecordColumn<R>...) { self.init(elements) }

  /// The position of the column of a property.
  func position(of path: PartialKeyPath<R>) -> Int? { columns.firstIndex { $0.path == path } }

  /// The name of a property's column. A property without one gives a name that no column has, so that the statement
  /// which uses it says so.
  func name(of path: PartialKeyPath<R>) -> String {
    position(of: path).map { columns[$0].name } ?? "\(path)"
  }

  var paths: [AnyKeyPath] { columns.map { $0.path } }

  func names(of paths: [PartialKeyPath<R>]) -> [String] { paths.map { name(of: $0) } }
}

/// Finds the columns of properties for rows that mostly name the same ones in the same order: a key path is looked up once
/// and then known by its identity.
struct PathMemory {
  private let paths: [AnyKeyPath]
  private var known: [AnyKeyPath?]
  private var next = 0

  init(_ paths: [AnyKeyPath]) {
    self.paths = paths
    known = Array(repeating: nil, count: paths.count)
  }

  @inline(__always)
  mutating func position(of path: AnyKeyPath) -> Int? {
    let guess = next < known.count ? next : 0
    if guess < known.count, known[guess] === path {
      next = guess + 1
      return guess
    }
    return find(path)
  }

  private mutating func find(_ path: AnyKeyPath) -> Int? {
    if let position = known.firstIndex(where: { $0 === path }) ?? paths.firstIndex(where: { $0 == path }) {
      known[position] = path
      next = position + 1
      return position
    }
    return nil
  }
}
