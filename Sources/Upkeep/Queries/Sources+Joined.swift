/// Joins in parentheses: a source that is made of sources.
extension Sources {
  /// What stands in a list for every column that there is, seen or not. No text can write it.
  static let everything = "\u{0}*"

  /// The columns of all sources, and behind them those that the joins made one.
  var everyColumn: [ShownColumns.Column] {
    var result: [ShownColumns.Column] = []
    for (slot, row) in scope.slots.enumerated() {
      for column in row.columns.columns {
        let place = SlotColumn(slot: slot, ordinal: column.ordinal)
        result.append(ShownColumns.Column(name: column.name, expression: reference(place)))
      }
    }
    for name in mergedNames {
      result.append(ShownColumns.Column(name: name, expression: .column(ColumnReference(name))))
    }
    return result
  }

  private var mergedNames: [String] { scope.merged.keys.sorted() }

  /// What the columns of `everyColumn` are called.
  var joinedNames: JoinedNames {
    var names = JoinedNames()
    var base = 0
    var merged: [String: Int] = [:]
    let width = scope.slots.reduce(0) { $0 + $1.columns.columns.count }
    for (number, name) in mergedNames.enumerated() { merged[name] = width + number }
    for (slot, row) in scope.slots.enumerated() {
      if let inner = row.joined {
        for part in inner.rows {
          names.rows.append(
            JoinedNames.Row(name: part.name, columns: part.columns.map { ($0.name, $0.ordinal + base) }))
        }
      } else if let name = list[slot].name {
        let columns = row.columns.columns.map { (name: $0.name, ordinal: $0.ordinal + base) }
        names.rows.append(JoinedNames.Row(name: name, columns: columns))
      }
      for (name, ordinal) in row.shown {
        let place = SlotColumn(slot: slot, ordinal: ordinal)
        if isHidden(place) { continue }
        let folded = Names.folded(name)
        let isMerged = scope.merged[folded]?.first == place
        names.shown.append((name, (isMerged ? merged[folded] : nil) ?? ordinal + base))
      }
      base += row.columns.columns.count
    }
    return names
  }
}
