internal import UpkeepStorage

/// Stored rows of one leaf that follow each other, of which a column is read of all at once.
///
/// Most rows are short and hold no NULL: their columns are found by two looks at the row's head. Others are read through
/// a `RowView`. The rows are valid until whoever filled the batch goes on.
final class RowBatch {
  let shape: RowShape
  /// Whether columns of the primary key are read of rows.
  let readsKeys: Bool
  private let run: LeafRun
  private let entries: UnsafeMutablePointer<LeafRun.Entry>
  @exclusivity(unchecked) var count = 0

  init(_ run: LeafRun, _ shape: RowShape, readsKeys: Bool) {
    self.run = run
    entries = run.entries
    self.shape = shape
    self.readsKeys = readsKeys
  }

  /// The most rows that there are.
  static var capacity: Int { LeafRun.capacity }

  /// A row. With its key, if keys are read, which is valid until the next row is asked for.
  @inline(__always)
  func view(_ number: Int) -> RowView {
    RowView(
      shape, key: readsKeys ? run.key(number) : UnsafeRawBufferPointer(start: nil, count: 0),
      value: entries[number].bytes)
  }

  // MARK: Columns

  /// The bytes of a column among a row's: how many, and where they end.
  private struct Field {
    let end: Int
    /// Less than zero if the row must be looked at by its view.
    let count: Int
  }

  /// Finds a column of a row that has one byte for each end and no NULL.
  @inline(__always)
  private static func field(_ entry: LeafRun.Entry, _ position: Int) -> Field {
    let nothing = Field(end: 0, count: -1)
    guard entry.valueCount >= 2, entry.value.load(as: UInt8.self) == 0 else { return nothing }
    let stored = Int(entry.value.load(fromByteOffset: 1, as: UInt8.self))
    let data = 2 &+ stored
    guard position < stored, data <= Int(entry.valueCount) else { return nothing }
    let ends = entry.value + 2
    let from = position == 0 ? 0 : Int(ends.load(fromByteOffset: position &- 1, as: UInt8.self))
    let to = Int(ends.load(fromByteOffset: position, as: UInt8.self))
    guard from <= to, data &+ to <= Int(entry.valueCount) else { return nothing }
    return Field(end: data &+ to, count: to &- from)
  }

  /// A number's bytes as the upper ones of a word; nil if there are too many, or too few bytes before them.
  @inline(__always)
  private static func word(_ entry: LeafRun.Entry, _ field: Field) -> UInt64? {
    guard field.count >= 0, field.count <= 8, field.end >= 8 else { return nil }
    return UInt64(littleEndian: entry.value.loadUnaligned(fromByteOffset: field.end &- 8, as: UInt64.self))
  }

  /// The integer in a column of integers that lies in the value; nil if the view must tell.
  @inline(__always)
  private static func integer(_ entry: LeafRun.Entry, _ position: Int) -> Int64? {
    let field = field(entry, position)
    guard let word = word(entry, field) else { return nil }
    return field.count == 0 ? 0 : Int64(bitPattern: word) &>> Int64(64 &- 8 &* field.count)
  }

  /// The number in a column of REALs that lies in the value; nil if the view must tell.
  @inline(__always)
  private static func real(_ entry: LeafRun.Entry, _ position: Int) -> Double? {
    let field = field(entry, position)
    guard let word = word(entry, field) else { return nil }
    if field.count == 0 { return 0 }
    let unused = UInt64(64 &- 8 &* field.count)
    let real = Double(bitPattern: (word &>> unused) &<< unused)
    return real.isNaN ? nil : real
  }

  /// Hands on the integer of each row in a column of INTEGER or TIMESTAMP; nil for NULL.
  @inline(__always)
  func forEachInteger(
    _ column: Int, _ body: (_ row: Int, Int64?) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    let place = shape.places[column]
    let isStored = !place.isInKey && (place.type == .integer || place.type == .timestamp)
    for row in 0..<count {
      if isStored, let integer = Self.integer(entries[row], place.position) {
        try body(row, integer)
      } else {
        try body(row, try lookAtInteger(row, column))
      }
    }
  }

  /// Hands on the number of each row in a column of REAL; nil for NULL.
  @inline(__always)
  func forEachReal(
    _ column: Int, _ body: (_ row: Int, Double?) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    let place = shape.places[column]
    let isStored = !place.isInKey && place.type == .real
    for row in 0..<count {
      if isStored, let real = Self.real(entries[row], place.position) {
        try body(row, real)
      } else {
        try body(row, try lookAtReal(row, column))
      }
    }
  }

  /// Hands on the bytes of each row in a column of TEXT, JSON or BLOB; nil for NULL.
  @inline(__always)
  func forEachBytes(
    _ column: Int, _ body: (_ row: Int, UnsafeRawBufferPointer?) throws(UpkeepError) -> Void
  ) throws(UpkeepError) {
    let place = shape.places[column]
    let isStored = !place.isInKey && (place.type == .text || place.type == .json || place.type == .blob)
    for row in 0..<count {
      let field = isStored ? Self.field(entries[row], place.position) : Field(end: 0, count: -1)
      if field.count >= 0 {
        try body(
          row,
          UnsafeRawBufferPointer(start: entries[row].value + (field.end &- field.count), count: field.count))
      } else {
        try view(row).withBytes(column) { bytes throws(UpkeepError) in try body(row, bytes) }
      }
    }
  }

  /// The numbers in a column of INTEGER or REAL; `other` for columns of other types.
  func scalars(_ column: Int, into scalars: UnsafeMutablePointer<Scalar>) throws(UpkeepError) {
    guard column < shape.width else {
      for row in 0..<count { scalars[row] = .null }
      return
    }
    switch shape.places[column].type {
    case .integer: try forEachInteger(column) { scalars[$0] = $1.map { Scalar($0) } ?? .null }
    case .real: try forEachReal(column) { scalars[$0] = $1.map { Scalar($0) } ?? .null }
    default: for row in 0..<count { scalars[row] = .other }
    }
  }

  @inline(never)
  private func lookAtInteger(_ row: Int, _ column: Int) throws(UpkeepError) -> Int64? {
    try view(row).integer(column)
  }

  @inline(never)
  private func lookAtReal(_ row: Int, _ column: Int) throws(UpkeepError) -> Double? {
    try view(row).real(column)
  }

  // MARK: Fewer rows

  /// Lets a row take another place. Only towards the front, where rows are that are not wanted any more.
  @inline(__always)
  func move(_ row: Int, to place: Int) { entries[place] = entries[row] }
}
