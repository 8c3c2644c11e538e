/// What a preview asks of a statement.
extension Statement {
  /// The statement with a row returned for each input row: what it returns itself, or what became of each row and the
  /// row.
  var returningAll: Statement {
    func all(_ own: Returning?) -> Returning {
      if let own { return Returning(own.columns, includesAll: true) }
      let action = Expression.function("upsert_action", [])
      return Returning([.expression(action, name: "action"), .all(of: nil)], includesAll: true)
    }
    switch self {
    case .upsert(var upsert):
      upsert.returning = all(upsert.returning)
      return .upsert(upsert)
    case .sync(var sync):
      sync.returning = all(sync.returning)
      return .sync(sync)
    case .merge(var merge):
      let action = Expression.function("merge_action", [])
      merge.returning =
        merge.returning ?? Returning([.expression(action, name: "action"), .all(of: nil)])
      return .merge(merge)
    case .update(var update):
      update.returning = update.returning ?? Returning([.all(of: nil)])
      return .update(update)
    case .delete(var delete):
      delete.returning = delete.returning ?? Returning([.all(of: nil)])
      return .delete(delete)
    default: return self
    }
  }
}
