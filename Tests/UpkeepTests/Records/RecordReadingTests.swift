import Testing
import Upkeep

/// Records as they come out of a table.
@Suite struct RecordReadingTests {
  private let airports = [heathrow, gatwick, kennedy]

  @Test("A record is found by its primary key, by a unique index and by a condition")
  func find() throws {
    let store = try Store.ofAirports(airports)
    #expect(try store.find(Airport.self, "EGLL") == heathrow)
    #expect(try store.find(Airport.self, "XXXX") == nil)
    try store.read { snapshot throws in
      #expect(try snapshot.find(Airport.self, "KJFK") == kennedy)
      #expect(try snapshot.find(Airport.self, by: "airport_iata", "LGW") == gatwick)
      #expect(try snapshot.find(Airport.self, where: \.iata == "JFK") == kennedy)
      #expect(try snapshot.find(Airport.self, where: \.iata == "XXX") == nil)
    }
  }

  @Test("Conditions are made of key paths, constants, variables and operators")
  func conditions() throws {
    let store = try Store.ofAirports(airports)
    let least = 30.0
    let code: String? = nil
    let conditions: [(ColumnExpression<Airport, Bool>, [String])] = [
      (\.elevation == nil, ["KJFK"]), (\.elevation != nil, ["EGKK", "EGLL"]),
      (\.elevation > least, ["EGKK"]), (\.elevation >= 25 && \.seen < 2, ["EGLL"]),
      (\.iata == "JFK" || \.seen == 2, ["EGKK", "KJFK"]), (!(\.seen == 2), ["EGLL", "KJFK"]),
      (\.seen + 1 == 3, ["EGKK"]), (\.seen * 2 - 1 <= 1, ["EGLL"]), (\.iata == code, []),
      (\.icao != "EGKK", ["EGLL", "KJFK"]),
    ]
    try store.read { snapshot throws in
      for (condition, keys) in conditions {
        let found = try snapshot.all(Airport.self).filter(condition).records().map(\.icao)
        #expect(found == keys, "\(condition.expression)")
        #expect(try snapshot.all(Airport.self).filter(condition).count() == keys.count)
      }
    }
  }

  @Test("Conditions may be closures over the row's columns, and use functions")
  func closures() throws {
    let store = try Store.ofAirports(airports)
    try store.read { snapshot throws in
      let all = snapshot.all(Airport.self)
      #expect(try all.filter { $0.name.like("%wick") }.records() == [gatwick])
      #expect(try all.filter { $0.iata.isIn(["LHR", "JFK"]) }.count() == 2)
      #expect(
        try all.filter { $0.seen.isBetween(2, 3) && $0.elevation.coalesce(0) == 0 }.records() == [kennedy])
      #expect(try all.filter { $0.name + "!" == "Kennedy!" }.records() == [kennedy])
      #expect(try all.filter { $0.seen % 2 == 1 }.filter(\.elevation != nil).records() == [heathrow])
    }
  }

  @Test("Records are ordered, limited and passed over")
  func order() throws {
    let store = try Store.ofAirports(airports)
    try store.read { snapshot throws in
      let all = snapshot.all(Airport.self)
      #expect(try all.records() == [gatwick, heathrow, kennedy])
      let bySeen = all.order(descending: true) { $0.seen }
      #expect(try bySeen.limit(2).records() == [kennedy, gatwick])
      #expect(try bySeen.offset(2).records() == [heathrow])
      #expect(try bySeen.first() == kennedy)
      #expect(try bySeen.limit(0).first() == nil)
      var names: [String] = []
      try all.forEach { airport throws(UpkeepError) in names.append(airport.name) }
      #expect(names == ["Gatwick", "Heathrow", "Kennedy"])
    }
  }

  @Test("A decodable record needs no code; a coding key is the name of its column")
  func codable() throws {
    let store = try Store.ofAirports(airports)
    let found = try #require(try store.find(CodableAirport.self, "EGLL"))
    #expect(found == CodableAirport(icao: "EGLL", code: "LHR", name: "Heathrow", seen: 1, note: nil))
    try store.write { tx throws in
      try tx.upsert(CodableAirport(icao: "EGLL", code: "LHR", name: "London", seen: 9, note: "not stored"))
      #expect(try tx.find(Airport.self, "EGLL")?.name == "London")
      // What the record does not have stays.
      #expect(try tx.find(Airport.self, "EGLL")?.elevation == 25)
      let all = try tx.all(CodableAirport.self).filter { $0.code == "LHR" }.records()
      #expect(all.map(\.seen) == [9])
    }
  }

  @Test("Values of every type come out as they went in")
  func types() throws {
    let store = try Store.ofAirports()
    let event = Event(kind: .closed, isUrgent: true, at: Timestamp(microseconds: -5), payload: [1, 0, 255])
    try store.write { tx throws in
      let saved = try tx.save(event)
      #expect(saved.id == 1)
      #expect(try tx.find(Event.self, 1) == saved)
      #expect(
        saved.kind == .closed && saved.isUrgent && saved.at == event.at && saved.payload == event.payload)
      #expect(try tx.all(Event.self).filter(\.kind == .closed && \.isUrgent == true).count() == 1)
    }
  }

  @Test("A row that is no such record says which column, and with what in it")
  func mismatch() throws {
    let store = try Store.ofAirports()
    try store.write { tx throws in
      try tx.upsert(["icao": "EGLL", "seen": 1], into: "airport")
      let byHand = #expect(throws: UpkeepError.self) { try tx.find(Airport.self, "EGLL") }
      #expect(byHand?.code == .typeMismatch && byHand?.column == "name" && byHand?.value == "NULL")
      let decoded = #expect(throws: UpkeepError.self) { try tx.find(CodableAirport.self, "EGLL") }
      #expect(decoded?.code == .typeMismatch && decoded?.column == "name")
      let forgotten = #expect(throws: UpkeepError.self) { try tx.find(Forgetful.self, "EGLL") }
      #expect(forgotten?.code == .unknownColumn)
      #expect(forgotten?.message.contains("name") == true)
      try tx.upsert(["kind": "other", "urgent": false, "at": 0, "payload": .blob([])], into: "event")
      let kind = #expect(throws: UpkeepError.self) { try tx.find(Event.self, 1) }
      #expect(kind?.column == "kind" && kind?.value == "'other'")
    }
  }
}
