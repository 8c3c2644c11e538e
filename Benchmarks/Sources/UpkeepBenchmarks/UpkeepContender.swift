import Harness
import Upkeep

/// Upkeep through its public Swift interface.
final class UpkeepContender: Contender {
  private let people: Population
  private let commits: Int
  private let counting = CountingFileSystem(DiskFileSystem())
  private var store: Store?
  private var path = ""
  private var sink = 0
  private static let columns = ColumnNames(["id", "email", "name", "score", "updated_at"])

  init(_ people: Population, commits: Int) {
    self.people = people
    self.commits = commits
  }

  let name = "Upkeep"

  struct NotOpen: Error {}

  private func opened() throws -> Store {
    guard let store else { throw NotOpen() }
    return store
  }

  func open(in folder: String) throws {
    path = folder + ".upkeep"
    try reopen(.none)
    try opened().write { tx in
      try tx.createTable(
        TableDefinition(
          "t",
          columns: [
            ColumnDefinition("id", .integer), ColumnDefinition("email", .text),
            ColumnDefinition("name", .text),
            ColumnDefinition("score", .real), ColumnDefinition("updated_at", .integer),
          ],
          primaryKey: [IndexPart(column: "id")],
          uniqueKeys: [
            IndexDefinition("t_email", on: "t", parts: [IndexPart(column: "email")], isUnique: true)
          ]))
    }
  }

  private func reopen(_ durability: StoreOptions.Durability) throws {
    try store?.close()
    store = try Store(path, StoreOptions { $0.durability = durability }, fileSystem: counting)
  }

  private func input(_ person: Person) -> RowInput {
    RowInput(
      Self.columns,
      [
        .integer(Int64(person.id)), .text(person.email), .text(person.name), .real(person.score),
        .integer(Int64(person.updatedAt)),
      ])
  }

  private func read(_ row: borrowing StoredRow) throws(UpkeepError) {
    sink &+= Int(try row.integer(0) ?? 0)
    sink &+= try row.withBytes(1) { ($0?.count ?? 0) &+ Int($0?.first ?? 0) }
    sink &+= try row.withBytes(2) { ($0?.count ?? 0) &+ Int($0?.first ?? 0) }
    sink &+= Int(try row.real(3) ?? 0)
    sink &+= Int(try row.integer(4) ?? 0)
  }

  private func upsert(_ rows: some Collection<Person>, _ action: ConflictAction) throws {
    try opened().write { tx in
      _ = try tx.upsert(contentsOf: rows.lazy.map { self.input($0) }, into: "t", on: .primaryKey, action)
    }
  }

  func run(_ workload: Workload) throws -> Int {
    let store = try opened()
    switch workload {
    case .loadInOrder:
      try upsert(people.loaded, .fail)
      return people.count
    case .pointReadByID:
      try store.read { snapshot in
        for id in people.probes {
          _ = try snapshot.withRow("t", key: [.integer(Int64(id))]) { (row) throws(UpkeepError) in
            try self.read(row)
          }
        }
      }
      return people.count
    case .pointReadEach:
      for id in people.probes {
        try store.read { snapshot in
          _ = try snapshot.withRow("t", key: [.integer(Int64(id))]) { (row) throws(UpkeepError) in
            try self.read(row)
          }
        }
      }
      return people.count
    case .pointReadByEmail:
      try store.read { snapshot in
        for id in people.probes {
          _ = try snapshot.withRow("t", by: "t_email", key: [.text(people.loaded[id / 2].email)]) {
            (row) throws(UpkeepError) in
            try self.read(row)
          }
        }
      }
      return people.count
    case .fullScan:
      var rows = 0
      try store.read { snapshot in
        try snapshot.forEachRow(in: "t") { (row) throws(UpkeepError) in
          try self.read(row)
          rows += 1
          return true
        }
      }
      return rows
    case .count:
      sink &+= try store.read { try $0.count("t") }
      return 1
    case .upsertHalfNew, .upsertUnchanged:
      try upsert(people.halfNew, .merge(columns: nil))
      return people.halfNew.count
    case .upsertThousands:
      let part = people.halfNew.prefix(people.count / 10)
      for start in stride(from: 0, to: part.count, by: 1000) {
        try upsert(
          part[start..<min(start + 1000, part.count)].map { Person($0.id * 3, edition: 2) },
          .merge(columns: nil))
      }
      return part.count
    case .insertOrIgnore:
      try upsert(people.mostlyThere, .ignore)
      return people.mostlyThere.count
    case .commitUnsynced, .commitFull:
      let isFull = workload == .commitFull
      let count = isFull ? commits / 10 : commits
      for id in people.probes.prefix(count) {
        let row = input(Person(id, edition: isFull ? 4 : 3))
        try store.write { tx in _ = try tx.upsert(row, into: "t", on: .primaryKey, .merge(columns: nil)) }
      }
      return count
    }
  }

  /// Between workloads: the mode that the next one asks for.
  func prepare(_ workload: Workload) throws {
    if workload == .commitFull { try reopen(.full) }
  }

  func close() throws -> Int {
    try store?.close()
    store = nil
    return fileSize(path)
  }
}
