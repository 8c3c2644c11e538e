/// Where a column lies: in the key, or at a position among the values stored in the row.
struct ColumnPlace {
  let type: ValueType
  /// Where NULL may not be; only for messages of damage.
  let isInKey: Bool
  /// Whether the key part is descending.
  let isDescending: Bool
  /// The part of the key, or the position among the stored values.
  let position: Int
  /// The offset in the key, where all parts before have a fixed size; else -1.
  let keyOffset: Int
}

/// How the rows of a table lie in key and value.
///
/// The memory is owned here, so that a `RowView` can hold plain pointers and cost no reference counting; who
/// holds a view keeps the schema alive.
final class RowLayout: @unchecked Sendable {
  /// One place for each value of a row, the hidden rowid's among them.
  let places: UnsafeMutablePointer<ColumnPlace>
  let placeCount: Int
  /// A column that is stored in the value.
  struct StoredColumn {
    let ordinal: Int
    let type: ValueType
  }

  /// The columns stored in the value, in order.
  let stored: UnsafeMutableBufferPointer<StoredColumn>

  init(columns: [ColumnSchema], primaryKey: [Int], keyParts: [KeyPart]) {
    let isRowid = primaryKey.isEmpty
    var keyOffsets: [Int] = []
    var offset = 0
    for part in keyParts {
      keyOffsets.append(offset)
      offset = offset >= 0 ? part.fixedByteCount.map { offset + $0 } ?? -1 : -1
    }
    placeCount = columns.count + (isRowid ? 1 : 0)
    places = .allocate(capacity: placeCount)
    var stored: [StoredColumn] = []
    for column in columns {
      let place: ColumnPlace
      if let part = primaryKey.firstIndex(of: column.ordinal), keyParts[part].givesValueBack {
        place = ColumnPlace(
          type: column.type, isInKey: true, isDescending: keyParts[part].isDescending, position: part,
          keyOffset: keyOffsets[part])
      } else {
        place = ColumnPlace(
          type: column.type, isInKey: false, isDescending: false, position: stored.count, keyOffset: -1)
        stored.append(StoredColumn(ordinal: column.ordinal, type: column.type))
      }
      (places + column.ordinal).initialize(to: place)
    }
    if isRowid {
      (places + columns.count).initialize(
        to: ColumnPlace(type: .integer, isInKey: true, isDescending: false, position: 0, keyOffset: 0))
    }
    self.stored = .allocate(capacity: stored.count)
    _ = self.stored.initialize(from: stored)
  }

  deinit {
    places.deallocate()
    stored.deallocate()
  }
}
