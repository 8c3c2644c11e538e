/// Whether one condition can only be true where another is: whether a WHERE allows the use of a partial index.
package enum PredicateImplication {
  /// Whether every row for which `condition` is true is a row for which `predicate` is true. A "no" may be wrong, a
  /// "yes" never is.
  package static func implies(_ condition: Expression?, _ predicate: Expression?) -> Bool {
    guard let predicate else { return true }
    guard let condition else { return false }
    return condition == predicate
  }
}
