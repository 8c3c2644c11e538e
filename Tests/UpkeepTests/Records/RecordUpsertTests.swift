import Testing
import Upkeep

/// One verb for one record: where it may meet a row, and what happens then.
@Suite struct RecordUpsertTests {
  // What a row meets, and what became of it.
  @Test("Each action does to the row met what it says, and the outcome has records and the key met")
  func actions() throws {
    let store = try Store.ofAirports([heathrow])
    let renamed = Airport(icao: "EGLL", iata: nil, name: "London", elevation: nil, seen: 5)
    try store.write { tx throws in
      guard case .inserted(let new) = try tx.upsert(gatwick) else { throw Unexpected("not inserted") }
      #expect(new == gatwick)
      guard case .unchanged(let same, "(icao)", let gone) = try tx.upsert(gatwick) else {
        throw Unexpected("not unchanged")
      }
      #expect(same == gatwick && gone.isEmpty)
      guard case .ignored(let stored, "(icao)") = try tx.upsert(renamed, .ignore) else {
        throw Unexpected("not ignored")
      }
      #expect(stored == heathrow)
      guard case .updated(let old, let updated, "(icao)", _) = try tx.upsert(renamed, .merge(\.name, \.seen))
      else { throw Unexpected("not updated") }
      #expect(old == heathrow)
      #expect(updated == Airport(icao: "EGLL", iata: "LHR", name: "London", elevation: 25, seen: 5))
      guard case .replaced(_, let replaced, "(icao)", _) = try tx.upsert(renamed, .replace) else {
        throw Unexpected("not replaced")
      }
      #expect(replaced == renamed)
      let error = #expect(throws: UpkeepError.self) { try tx.upsert(renamed, .fail) }
      #expect(error?.code == .uniqueViolation && error?.key == "EGLL")
      #expect(error?.hint?.contains("ON CONFLICT (icao)") == true)
      #expect(try tx.upsert(renamed).kind == .unchanged)
    }
  }

  // A target names a key by its columns, by its name, or any; a partial one with what implies its condition (3).
  @Test("Targets are the primary key, properties, an index by name, or any unique key")
  func targets() throws {
    let store = try Store.ofAirports([heathrow])
    let moved = Airport(icao: "XXXX", iata: "LHR", name: "London", elevation: nil, seen: 0)
    let targets: [RecordTarget<Airport>] = [
      .on(\.iata, where: \.iata != ""), .on(\.iata, where: { $0.iata != "" }), .index("airport_iata"),
      .anyUnique,
    ]
    for target in targets {
      try store.write { tx throws in
        guard case .ignored(let stored, "(iata)") = try tx.upsert(moved, on: target, .ignore) else {
          throw Unexpected("\(target) met nothing")
        }
        #expect(stored == heathrow)
      }
    }
    try store.write { tx throws in
      #expect(try tx.upsert(heathrow, on: .on(\.icao)).kind == .unchanged)
      // A row met by another key keeps its primary key (3).
      let outcome = try tx.upsert(moved, on: .index("airport_iata"))
      #expect(outcome.stored?.icao == "EGLL" && outcome.stored?.name == "London")
      let none = #expect(throws: UpkeepError.self) { try tx.upsert(moved, on: .on(\.name)) }
      #expect(none?.code == .unknownIndex)
    }
  }

  // Several clauses: the first one met is the one run (3).
  // rule U-3.8
  @Test("Of several clauses the first that is met rules")
  func clauses() throws {
    let store = try Store.ofAirports([heathrow, gatwick])
    let both = Airport(icao: "EGKK", iata: "LHR", name: "New", elevation: nil, seen: 7)
    try store.write { tx throws in
      let outcome = try tx.upsert(
        both, clauses: [.on(.index("airport_iata"), .merge(\.name)), .on(.primaryKey, .replace)])
      guard case .updated(_, let new, "(iata)", _) = outcome else { throw Unexpected("\(outcome)") }
      #expect(new.icao == "EGLL" && new.name == "New" && new.seen == 1)
      let mixed = #expect(throws: UpkeepError.self) {
        try tx.upsert(
          both, clauses: [.on(.index("airport_iata"), .mergeNonNull), .on(.primaryKey, .replace)])
      }
      #expect(mixed?.code == .misuse)
    }
  }

  // Assignments see the row as it was before any of them; a false condition leaves the row (3, 10).
  @Test("An update is an expression over the stored and the incoming row")
  func update() throws {
    let store = try Store.ofAirports([heathrow])
    let incoming = Airport(icao: "EGLL", iata: "XXX", name: "London", elevation: nil, seen: 5)
    let action = RecordAction<Airport>.update(where: { $1.seen > $0.seen }) {
      $0.seen += $1.seen
      $0.elevation += $1.elevation.coalesce(1) - $0.elevation
      $0.name = $0.name + ", " + $1.name
    }
    try store.write { tx throws in
      let outcome = try tx.upsert(incoming, action)
      guard case .updated(_, let new, _, _) = outcome else { throw Unexpected("\(outcome)") }
      #expect(new == Airport(icao: "EGLL", iata: "LHR", name: "Heathrow, London", elevation: 1, seen: 6))
      #expect(try tx.upsert(incoming, action).kind == .ignored)
      try tx.upsert(
        incoming,
        .update {
          $0.iata = nil
          $0.name = "Fixed"
          $0.seen = 0
          $0.elevation = $1.elevation.coalesce(7)
        })
      #expect(
        try tx.find(Airport.self, "EGLL")
          == Airport(icao: "EGLL", iata: nil, name: "Fixed", elevation: 7, seen: 0))
    }
  }

  // A rule in the statement stands above that of the table (9).
  @Test("A merge may say by which rule each column merges")
  func rules() throws {
    let store = try Store.ofAirports([heathrow])
    let incoming = Airport(icao: "EGLL", iata: "XXX", name: "London", elevation: 9, seen: 5)
    try store.write { tx throws in
      let outcome = try tx.upsert(incoming, .merge(by: (\.seen, .sum), (\.elevation, .max), (\.name, .set)))
      #expect(
        outcome.stored == Airport(icao: "EGLL", iata: "LHR", name: "London", elevation: 25, seen: 6))
    }
  }

  // Given, null, absent (2).
  @Test("What a partial record does not give is absent, which is not NULL")
  func partial() throws {
    let store = try Store.ofAirports([heathrow])
    try store.write { tx throws in
      let renamed = try tx.upsert(
        Airport.partial {
          $0.icao = "EGLL"
          $0.iata = nil
          $0.name = "London"
        })
      #expect(
        renamed.stored == Airport(icao: "EGLL", iata: nil, name: "London", elevation: 25, seen: 1))
      let inserted = try tx.upsert(
        Airport.partial {
          $0.icao = "EGKK"
          $0.name = "Gatwick"
        })
      #expect(
        inserted.stored == Airport(icao: "EGKK", iata: nil, name: "Gatwick", elevation: nil, seen: 0))
      let replaced = try tx.upsert(
        Airport.partial {
          $0.icao = "EGLL"
          $0.name = "L"
        }, .replace)
      #expect(replaced.stored == Airport(icao: "EGLL", iata: nil, name: "L", elevation: nil, seen: 0))
      let error = #expect(throws: UpkeepError.self) {
        try tx.upsert(Forgetful.partial { $0.name = "x" })
      }
      #expect(error?.code == .unknownColumn)
      #expect(Airport.partial { $0.seen = 3 }.seen == 3)
      #expect(Airport.partial { $0.seen = 3 }.name == nil)
    }
  }

  @Test("mergeNonNull takes nil for not given")
  func mergeNonNull() throws {
    let store = try Store.ofAirports([heathrow])
    let sparse = Airport(icao: "EGLL", iata: nil, name: "London", elevation: nil, seen: 8)
    try store.write { tx throws in
      #expect(
        try tx.upsert(sparse, .mergeNonNull).stored
          == Airport(icao: "EGLL", iata: "LHR", name: "London", elevation: 25, seen: 8))
      #expect(
        try tx.upsert(sparse, .merge).stored
          == Airport(icao: "EGLL", iata: nil, name: "London", elevation: nil, seen: 8))
      #expect(try tx.upsert(kennedy, .mergeNonNull).kind == .inserted)
    }
  }

  // One row that meets several (4), and rows that give way (6).
  @Test("A record that meets two rows is ambiguous; first and displace choose")
  func ambiguity() throws {
    let both = Airport(icao: "EGLL", iata: "LGW", name: "Both", elevation: nil, seen: 0)
    for policy: AmbiguityPolicy in [.fail, .first, .displace] {
      let store = try Store.ofAirports([heathrow, gatwick])
      try store.write { tx throws in
        switch policy {
        case .fail:
          let error = #expect(throws: UpkeepError.self) {
            try tx.upsert(both, on: .anyUnique, .merge, ambiguity: policy)
          }
          #expect(error?.code == .ambiguous)
          #expect(error?.hint?.contains("ON AMBIGUITY") == true)
        case .first:
          // The row met first is the one, but its new code is still held by the other.
          #expect(throws: UpkeepError.self) {
            try tx.upsert(both, on: .anyUnique, .merge, ambiguity: policy)
          }
          #expect(
            try tx.upsert(both, on: .anyUnique, .merge(\.name), ambiguity: policy).stored?.name == "Both")
        case .displace:
          let outcome = try tx.upsert(both, .merge, ambiguity: policy)
          guard case .updated(heathrow, both, "(icao)", let displaced) = outcome else {
            throw Unexpected("\(outcome)")
          }
          #expect(displaced == [gatwick])
          #expect(try tx.find(Airport.self, "EGKK") == nil)
        }
      }
      #expect(try store.verify() == [])
    }
  }

  @Test("Saving gives the record as it is stored; get or create says which it was")
  func saveAndFindOrInsert() throws {
    let store = try Store.ofAirports([heathrow])
    try store.write { tx throws in
      let event = Event(kind: .opened, isUrgent: false, at: Timestamp(microseconds: 7))
      var saved = try tx.save(event)
      #expect(saved.id == 1)
      saved.isUrgent = true
      #expect(try tx.save(saved) == saved)
      #expect(try tx.count("event") == 1)
      let other = Airport(icao: "EGLL", iata: nil, name: "Other", elevation: nil, seen: 0)
      let found = try tx.findOrInsert(other)
      #expect(found.record == heathrow && !found.isNew)
      let made = try tx.findOrInsert(gatwick, on: .index("airport_iata"))
      #expect(made.record == gatwick && made.isNew)
      #expect(try tx.delete(Airport.self, "EGLL"))
      #expect(try !tx.delete(Airport.self, "EGLL"))
      #expect(try tx.delete(Airport.self, where: \.seen >= 2) == 1)
      #expect(try tx.count("airport") == 0)
    }
  }

  @Test("A hint is what the message advises, not what a value says")
  func hints() {
    let messages: [(String, String?)] = [
      ("t has no column x; did you mean y?", "did you mean y?"), ("nothing to say", nil),
      ("t.n cannot hold 'a; b' without loss", nil), ("one; two; three", "three"),
      ("the key 'a; b' is held; the row's own is free", "the row's own is free"), ("ends with;", nil),
      ("", nil),
      ("gehalten; schön; über", "über"),
    ]
    for (message, hint) in messages { #expect(UpkeepError(.misuse, message).hint == hint) }
  }

  // A statement happens whole or not at all (1).
  @Test("A record that fails, or whose row is none of the type, changes nothing")
  func failures() throws {
    let store = try Store.ofAirports([heathrow])
    try store.write { tx throws in
      let taken = Airport(icao: "EGKK", iata: "LHR", name: "x", elevation: nil, seen: 0)
      let error = #expect(throws: UpkeepError.self) { try tx.upsert(taken) }
      #expect(error?.code == .uniqueViolation && error?.existingKey == "EGLL")
      try tx.upsert(["icao": "BAD", "iata": "BBB"], into: "airport")
      // The stored row has no name, which the type cannot be without.
      for action: RecordAction<Airport> in [.merge(\.seen), .update { $0.seen = 4 }] {
        let row = Airport(icao: "BAD", iata: nil, name: "n", elevation: nil, seen: 3)
        #expect(throws: UpkeepError.self) { try tx.upsert(row, action) }
        #expect(try tx.find("airport", "BAD")?["seen"] == 0)
      }
      #expect(throws: UpkeepError.self) { try tx.upsert(Airport.partial { $0.icao = "NEW" }) }
      #expect(try tx.find("airport", "NEW") == nil)
      #expect(throws: UpkeepError.self) {
        try tx.upsert(Airport.partial { $0.icao = "NEW" }, .merge, ambiguity: .displace)
      }
      #expect(try tx.count("airport") == 2)
    }
    #expect(try store.verify() == [])
  }
}
