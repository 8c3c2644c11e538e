import CAllocationCount
import Testing
import Upkeep

/// How often records ask for memory.
@Suite(
  .enabled(if: AllocationCounting.isPossible, "allocations are counted in release builds with glibc"))
struct RecordAllocationTests {
  /// Values by key paths.
  private struct Person: Record {
    var id: Int
    var email: String
    var name: String
    var score: Double?

    static let table = "person"
    static let columns: RecordColumns<Person> = [
      .column("id", \.id), .column("email", \.email), .column("name", \.name), .column("score", \.score),
    ]

    init(_ id: Int, edition: Int = 0) {
      self.id = id
      email = "person.\(id)@example.com"
      name = "Person \(id) of the \(id % 97)th department"
      score = id % 3 == 0 ? nil : Double(id % 1000 + edition)
    }

    init(row: RecordRow<Person>) throws(UpkeepError) {
      (id, email, name, score) = (try row[\.id], try row[\.email], try row[\.name], try row[\.score])
    }
  }

  /// The same with values by hand.
  private struct QuickPerson: Record {
    var person: Person
    var id: Int { person.id }
    var email: String { person.email }
    var name: String { person.name }
    var score: Double? { person.score }

    static let table = "person"
    static let columns: RecordColumns<QuickPerson> = [
      .column("id", \.id), .column("email", \.email), .column("name", \.name), .column("score", \.score),
    ]

    init(_ person: Person) { self.person = person }

    init(row: RecordRow<QuickPerson>) throws(UpkeepError) {
      person = Person(try row[\.id])
    }

    func write(to row: RecordValues<QuickPerson>) {
      row.give(\.id, person.id)
      row.give(\.email, person.email)
      row.give(\.name, person.name)
      row.give(\.score, person.score)
    }
  }

  private func makeStore() throws -> Store {
    let store = try Store.inMemory()
    try store.write { tx in
      try tx.createTable(
        TableDefinition(
          "person",
          columns: [
            ColumnDefinition("id", .integer), ColumnDefinition("email", .text),
            ColumnDefinition("name", .text), ColumnDefinition("score", .real),
          ], primaryKey: [IndexPart(column: "id")]))
    }
    return store
  }

  private func allocations(_ body: () throws -> Void) rethrows -> Int {
    let before = allocation_count()
    try body()
    return Int(allocation_count() - before)
  }

  /// How often a bulk upsert of more rows asks for more memory, for a thousand rows.
  private func perThousand(_ upsert: (Transaction, Range<Int>) throws -> Void) throws -> Int {
    func cost(_ count: Int) throws -> Int {
      let store = try makeStore()
      return try store.write { tx in
        try upsert(tx, 0..<count)
        return try allocations { try upsert(tx, 0..<count) }
      }
    }
    return try (cost(40_000) - cost(20_000)) / 20
  }

  @Test("A bulk upsert asks for no memory for a record more, and mergeNonNull no more for its gaps")
  func bulk() throws {
    let people = (0..<40_000).map { Person($0) }
    let quick = people.map { QuickPerson($0) }
    let columns = ColumnNames(["id", "email", "name", "score"])
    let rows = people.map {
      RowInput(columns, [.integer(Int64($0.id)), .text($0.email), .text($0.name), $0.score.columnValue])
    }
    let dynamic = try perThousand { try $0.upsert(contentsOf: rows[$1], into: "person") }
    let byPaths = try perThousand { try $0.upsert(contentsOf: people[$1]) }
    let byHand = try perThousand { try $0.upsert(contentsOf: quick[$1]) }
    #expect(byPaths <= dynamic + 20 && byHand <= dynamic + 20, "\(dynamic), \(byPaths), \(byHand)")
    #expect(byPaths <= 50, "\(byPaths)")
  }

  @Test("A record is found with as many requests for memory as its texts need")
  func find() throws {
    let store = try makeStore()
    let people = (0..<1000).map { Person($0) }
    try store.upsert(contentsOf: people)
    try store.read { snapshot in
      var length = 0
      func read(_ ids: Range<Int>) throws {
        for id in ids { length += try snapshot.find(Person.self, id)?.name.utf8.count ?? 0 }
      }
      try read(0..<10)
      let count = try allocations { try read(10..<1000) }
      // Two texts, and the key: an array of values and one of what they were.
      #expect(count <= 990 * 5, "\(count)")
      #expect(length > 20_000)
    }
  }
}
