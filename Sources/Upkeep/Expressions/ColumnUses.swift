/// Where the query of a view names one column of one table. It is filled while the query is made ready.
package final class ColumnUses: @unchecked Sendable {
  private let table: UInt64
  private let ordinal: Int
  /// How many views are around what is made ready; the texts of those within others are not looked at.
  var depth = 0
  /// Where the column's name stands, in bytes of the view's text.
  private(set) var places: Set<Int> = []
  /// USING or NATURAL goes by the column's name.
  private(set) var isJoinedByName = false
  /// Names that stand for what other names stand for: in ORDER BY those of the list.
  private var followers: [(place: Int, leader: Int)] = []

  init(of table: UInt64, column ordinal: Int) {
    self.table = table
    self.ordinal = ordinal
  }

  func note(_ reference: ColumnReference, _ table: UInt64?, _ ordinal: Int) {
    guard table == self.table, ordinal == self.ordinal, let place = reference.place.offset else { return }
    places.insert(place)
  }

  func noteJoin(_ table: UInt64?, _ ordinal: Int) {
    if table == self.table, ordinal == self.ordinal { isJoinedByName = true }
  }

  /// A name that stands for a column of the list, which bears the name of its own column.
  func note(_ reference: ColumnReference, standsFor shown: Expression) {
    guard case .column(let column) = shown, Names.equal(column.name, reference.name),
      let place = reference.place.offset, let leader = column.place.offset
    else { return }
    followers.append((place, leader))
  }

  /// All places, once the query is ready.
  func finish() {
    for follower in followers where places.contains(follower.leader) { places.insert(follower.place) }
    followers = []
  }
}

extension ExpressionScope {
  /// Notes the columns in a part of an expression that is not compiled, since an equal part was.
  func noteUses(in expression: Expression) {
    guard let uses else { return }
    _ = expression.replacing { part in
      guard case .column(let reference) = part else { return nil }
      var place: ExpressionScope? = self
      while let here = place {
        if let found = try? here.find(reference) {
          uses.note(reference, here.slots[found.slot].table, found.ordinal)
          break
        }
        place = here.outer?.scope
      }
      return nil
    }
  }
}
