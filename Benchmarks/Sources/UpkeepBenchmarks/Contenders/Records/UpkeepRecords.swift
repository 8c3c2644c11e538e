import Upkeep

extension Person: Record {
  static let table = "t"
  static let columns: RecordColumns<Person> = [
    .column("id", \.id), .column("email", \.email), .column("name", \.name), .column("score", \.score),
    .column("updated_at", \.updatedAt),
  ]

  init(row: RecordRow<Person>) throws(UpkeepError) {
    (id, email, name) = (try row[\.id], try row[\.email], try row[\.name])
    (score, updatedAt) = (try row[\.score], try row[\.updatedAt])
  }

  func write(to row: RecordValues<Person>) {
    row.give(\.id, id)
    row.give(\.email, email)
    row.give(\.name, name)
    row.give(\.score, score)
    row.give(\.updatedAt, updatedAt)
  }
}

/// Upkeep through records.
final class UpkeepRecordSession: RecordSession {
  private let store: Store

  init(_ store: Store) { self.store = store }

  func read(_ ids: ArraySlice<Int>, inOne: Bool) throws -> Int {
    var total = 0
    if inOne {
      try store.read { snapshot in
        for id in ids { total &+= try snapshot.find(Person.self, id)?.sum ?? 0 }
      }
    } else {
      for id in ids { total &+= try store.find(Person.self, id)?.sum ?? 0 }
    }
    return total
  }

  func read(emails: ArraySlice<String>) throws -> Int {
    var total = 0
    try store.read { snapshot in
      for email in emails { total &+= try snapshot.find(Person.self, by: "t_email", email)?.sum ?? 0 }
    }
    return total
  }

  func scan() throws -> Int {
    var total = 0
    try store.read { try $0.all(Person.self).forEach { total &+= $0.sum } }
    return total
  }

  func count() throws -> Int { try store.read { try $0.all(Person.self).count() } }

  func write(_ people: People, _ kind: WriteKind) throws {
    let target: RecordTarget<Person> = kind == .upsertByEmail ? .on(\.email) : .primaryKey
    let action: RecordAction<Person> =
      switch kind {
      case .insert, .append: .fail
      case .upsert: .merge
      case .upsertByEmail: .merge(\.name, \.score, \.updatedAt)
      case .insertOrIgnore: .ignore
      case .replace: .replace
      }
    if people.count == 1, let person = people.first(where: { _ in true }) {
      try store.write { tx in _ = try tx.upsert(person, on: target, action) }
    } else {
      try store.write { tx in _ = try tx.upsert(contentsOf: people, on: target, action) }
    }
  }
}
