import Testing

@testable import Upkeep

@Suite struct FindAndScanTests {
  private func store() throws -> Store {
    let store = try RowFixtures.store()
    try store.write { tx throws in
      let writer = try RowWriter(tx.scope, try tx.scope.table("visits"))
      for (place, day, guest) in [
        ("Oslo", 1, "Ann"), ("Oslo", 2, "Ben"), ("Oslo", 3, nil), ("Rome", 1, "Cid"),
      ] {
        try writer.insert([.text(place), .integer(Int64(day)), guest.map { .text($0) } ?? .null])
      }
      let people = try RowWriter(tx.scope, try tx.scope.table("people"))
      for id in 1...9 {
        try people.insert(
          [
            .integer(Int64(id)), .text("p\(id)"), .text(""), .integer(Int64(id % 3)), .real(Double(id) / 2),
            .null,
          ])
      }
    }
    return store
  }

  @Test func aRowIsFoundByItsPrimaryKey() throws {
    try store().read { snapshot throws in
      let row = try #require(try snapshot.find("people", .integer(3)))
      #expect(row["EMAIL"] == .text("p3"))
      #expect(row[0] == .integer(3))
      #expect(row[99] == Optional<Value>.none)
      #expect(row["nothing"] == Optional<Value>.none)
      #expect(try snapshot.find("people", .integer(30)) == nil)
      #expect(try snapshot.find("people", .null) == nil)
      #expect(try snapshot.find("people", .real(3)) == row, "a key is coerced without loss")
      #expect(try snapshot.find("visits", .text("oslo"), .integer(2))?["guest"] == .text("Ben"))
      #expect(try snapshot.find("visits", .text("oslo"), .integer(2))?["place"] == .text("Oslo"))
    }
  }

  @Test func aRowIsFoundByAUniqueIndex() throws {
    try store().read { snapshot throws in
      #expect(try snapshot.find("people", by: "people_email", .text("p4"))?[0] == .integer(4))
      #expect(try snapshot.find("people", by: "people_email", .text("nobody")) == nil)
      #expect(try snapshot.find("people", by: "people_email", .null) == nil)
      #expect(throws: UpkeepError.self) { try snapshot.find("people", by: "people_score", .real(1), .null) }
      let error = #expect(throws: UpkeepError.self) {
        try snapshot.find("people", by: "people_emial", .text("p4"))
      }
      #expect(error?.code == .unknownIndex)
      #expect(error?.message.contains("did you mean people_email") == true)
    }
  }

  @Test func scansTakeRangesOfKeysInKeyOrder() throws {
    try store().read { snapshot throws in
      func ids(_ range: KeyRange, reversed: Bool = false) throws -> [Value?] {
        try snapshot.scan("people", range, reversed: reversed).map { $0[0] }
      }
      func numbers(_ list: [Int64]) -> [Value?] { list.map { .integer($0) } }
      #expect(try ids(.all) == numbers([1, 2, 3, 4, 5, 6, 7, 8, 9]))
      #expect(try ids(.from(.integer(7))) == numbers([7, 8, 9]))
      #expect(try ids(.after(.integer(7))) == numbers([8, 9]))
      #expect(try ids(.upTo(.integer(3))) == numbers([1, 2]))
      #expect(try ids(.through(.integer(3))) == numbers([1, 2, 3]))
      #expect(try ids(.from(.integer(3)).upTo(.integer(5)), reversed: true) == numbers([4, 3]))
      #expect(try ids(.from(.integer(5)).upTo(.integer(3))) == [])
      #expect(try snapshot.count("people", .from(.integer(3)).through(.integer(5))) == 3)
      #expect(try snapshot.count("people", .from(.integer(5)).upTo(.integer(3))) == 0)
      #expect(try snapshot.count("people") == 9)
      let days = try snapshot.scan("visits", .prefix(.text("OSLO"))).map { $0["day"] }
      #expect(days == numbers([3, 2, 1]), "a descending part runs the other way")
      #expect(
        try snapshot.scan("people", by: "people_level_score", .prefix(.integer(1))).map { $0[0] }
          == numbers([7, 4, 1]))
      #expect(throws: UpkeepError.self) { try snapshot.scan("people", .from(.integer(1), .integer(2))) }
      #expect(throws: UpkeepError.self) { try snapshot.scan("people", .from(.text("x"))) }
    }
  }

  @Test func rowsAreReadWhereTheyLie() throws {
    try store().read { snapshot throws in
      var sum = 0.0
      var letters = 0
      try snapshot.forEachRow(in: "people") { row throws(UpkeepError) in
        sum += try row.real(4) ?? 0
        letters += try row.withBytes(1) { $0?.count ?? 0 }
        return try row.integer(0) ?? 0 < 8
      }
      #expect(sum == 18)
      #expect(letters == 16)
      try snapshot.forEachRow(in: "people") { row throws(UpkeepError) in
        do throws(UpkeepError) { _ = try row.value(17) } catch { #expect(error.code == .unknownColumn) }
        return false
      }
    }
  }

  @Test func aScanSeesTheTableAsItWas() throws {
    let store = try store()
    try store.write { tx throws in
      let rows = try tx.scan("people")
      var count = 0
      while let row = try rows.next() {
        count += 1
        guard case .integer(let id)? = row[0] else { continue }
        #expect(try tx.delete(from: "people", .integer(id)))
      }
      #expect(count == 9)
      #expect(try tx.count("people") == 0)
      #expect(try !tx.delete(from: "people", .integer(1)))
    }
    #expect(try store.verify() == [])
  }

  @Test func namesThatAreNotThereAreErrorsThatHelp() throws {
    try store().read { snapshot throws in
      let error = #expect(throws: UpkeepError.self) { try snapshot.find("poeple", .integer(1)) }
      #expect(error?.code == .unknownTable)
      #expect(error?.message.contains("people") == true)
      let wrong = #expect(throws: UpkeepError.self) { try snapshot.find("people", .integer(1), .integer(2)) }
      #expect(wrong?.code == .misuse)
    }
  }
}

extension FindAndScanTests {
  @Test func aRowIsLentByAUniqueKeyWhereItLies() throws {
    try store().read { snapshot throws in
      let found = try snapshot.withRow("people", by: "people_email", key: ["p3"]) { row throws(UpkeepError) in
        try row.integer(0)
      }
      #expect(found == .some(3))
      let none = try snapshot.withRow("people", by: "people_email", key: ["nobody"]) { _ in true }
      #expect(none == nil)
      #expect(throws: UpkeepError.self) {
        try snapshot.withRow("people", by: "no_such_index", key: ["p3"]) { _ in true }
      }
    }
  }

  @Test func aRowIsLentByAKeyOfOneColumn() throws {
    try store().read { snapshot throws in
      #expect(try snapshot.withRow("people", 3) { row throws(UpkeepError) in try row.value(1) } == "p3")
      #expect(
        try snapshot.withRow("people", .real(3)) { row throws(UpkeepError) in try row.value(1) } == "p3")
      #expect(try snapshot.withRow("people", 30) { _ in true } == nil)
      #expect(try snapshot.withRow("people", .null) { _ in true } == nil)
      let byEmail = try snapshot.withRow("people", by: "people_email", "p4") { row throws(UpkeepError) in
        try row.row()
      }
      #expect(byEmail == (try snapshot.find("people", 4)))
      #expect(try snapshot.withRow("people", by: "people_email", "nobody") { _ in true } == nil)
      #expect(try snapshot.withRow("people", by: "people_email", .null) { _ in true } == nil)
      let wrong = #expect(throws: UpkeepError.self) { try snapshot.withRow("visits", "oslo") { _ in true } }
      #expect(wrong?.code == .misuse)
      #expect(throws: UpkeepError.self) {
        try snapshot.withRow("people", by: "people_score", .real(1)) { _ in true }
      }
    }
  }

  @Test func bytesAreLentWhereverTheyLie() throws {
    try store().read { snapshot throws in
      func bytes(_ row: borrowing StoredRow, _ column: Int) throws(UpkeepError) -> [UInt8]? {
        try row.withBytes(column) { $0.map { Array($0) } }
      }
      let person = try snapshot.withRow("people", 3) { row throws(UpkeepError) in
        [try bytes(row, 0), try bytes(row, 1), try bytes(row, 2), try bytes(row, 5)]
      }
      #expect(person == [nil, Array("p3".utf8), [], nil])
      // A text of the key, which folds its case: the text itself is in the row.
      let place = try snapshot.withRow("visits", key: ["oslo", 2]) { row throws(UpkeepError) in
        try bytes(row, 0)
      }
      #expect(place == Array("Oslo".utf8))
    }
  }
}
