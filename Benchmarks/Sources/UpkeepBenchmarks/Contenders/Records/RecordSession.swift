/// A session that reads and writes records of the language's own types, and does nothing else.
protocol RecordSession: Session {}

extension RecordSession {
  private var nothingElse: Unsupported { Unsupported("is not measured with records") }

  func keepsSnapshot(reading id: Int, _ body: () throws -> Void) throws -> Bool { throw nothingElse }
  func ranges(from ids: ArraySlice<Int>) throws -> Int { throw nothingElse }
  func count(_ ids: Range<Int>) throws -> Int { throw nothingElse }
  func row(at position: Int) throws -> Int { throw nothingElse }
  func delete(_ ids: [Int]) throws { throw nothingElse }
  func delete(_ ids: Range<Int>) throws { throw nothingElse }
  func createIndex() throws { throw nothingElse }
  func dropIndex() throws { throw nothingElse }
  func dropTable() throws { throw nothingElse }
}

extension Person {
  /// What reading the record adds to a sum: each of its properties was looked at.
  var sum: Int {
    id &+ email.utf8.count &+ Int(email.utf8.first ?? 0) &+ name.utf8.count &+ Int(name.utf8.first ?? 0)
      &+ Int(score) &+ updatedAt
  }
}
