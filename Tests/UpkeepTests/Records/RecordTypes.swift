import Upkeep

/// A record written by hand, as short as it can be. The file sees Upkeep as any program does.
struct Airport: Record, Equatable {
  var icao: String
  var iata: String?
  var name: String
  var elevation: Double?
  var seen = 0

  static let table = "airport"
  static let columns: RecordColumns<Airport> = [
    .column("icao", \.icao), .column("iata", \.iata), .column("name", \.name),
    .column("elevation", \.elevation), .column("seen", \.seen),
  ]
}

extension Airport {
  init(row: RecordRow<Airport>) throws(UpkeepError) {
    (icao, iata, name) = (try row[\.icao], try row[\.iata], try row[\.name])
    (elevation, seen) = (try row[\.elevation], try row[\.seen])
  }
}

/// The same table through `Decodable`, with a column under another name.
struct CodableAirport: Codable, CodableRecord, Equatable {
  var icao: String
  var code: String?
  var name: String
  var seen: Int
  /// No column.
  var note: String?

  enum CodingKeys: String, CodingKey { case icao, code = "iata", name, seen, note }

  static let table = "airport"
  static let columns: RecordColumns<CodableAirport> = [
    .column("icao", \.icao), .column("iata", \.code), .column("name", \.name), .column("seen", \.seen),
  ]
}

/// A record that gives its values by hand, and whose id the table gives.
struct Event: Record, Equatable {
  enum Kind: String, ColumnValue { case opened, closed }

  var id: Int64?
  var kind: Kind
  var isUrgent: Bool
  var at: Timestamp
  var payload: [UInt8]

  static let table = "event"
  static let columns: RecordColumns<Event> = [
    .column("id", \.id), .column("kind", \.kind), .column("urgent", \.isUrgent), .column("at", \.at),
    .column("payload", \.payload),
  ]

  init(id: Int64? = nil, kind: Kind, isUrgent: Bool, at: Timestamp, payload: [UInt8] = []) {
    (self.id, self.kind, self.isUrgent, self.at, self.payload) = (id, kind, isUrgent, at, payload)
  }

  init(row: RecordRow<Event>) throws(UpkeepError) {
    (id, kind, isUrgent) = (try row[\.id], try row[\.kind], try row[\.isUrgent])
    (at, payload) = (try row[\.at], try row[\.payload])
  }

  func write(to row: RecordValues<Event>) {
    row.give(\.id, id)
    row.give(\.kind, kind)
    row.give(\.isUrgent, isUrgent)
    row.give(\.at, at)
    row.give(\.payload, payload)
  }
}

/// News of an airport, from elsewhere: with other names and another table.
struct Bulletin: Record {
  var code: String
  var title: String
  var height: Double?
  var isClosed = false

  static let table = "bulletin"
  static let columns: RecordColumns<Bulletin> = [
    .column("code", \.code), .column("name", \.title), .column("height", \.height),
    .column("closed", \.isClosed),
  ]

  init(_ code: String, _ title: String, _ height: Double? = nil, isClosed: Bool = false) {
    (self.code, self.title, self.height, self.isClosed) = (code, title, height, isClosed)
  }

  init(row: RecordRow<Bulletin>) throws(UpkeepError) {
    (code, title) = (try row[\.code], try row[\.title])
    (height, isClosed) = (try row[\.height], try row[\.isClosed])
  }
}

/// A record with a property that its list of columns forgets.
struct Forgetful: Record {
  var icao: String
  var name: String

  static let table = "airport"
  static let columns: RecordColumns<Forgetful> = [.column("icao", \.icao)]

  init(row: RecordRow<Forgetful>) throws(UpkeepError) {
    icao = try row[\.icao]
    name = try row[\.name]
  }
}

extension Store {
  /// A store with the tables of these records.
  static func ofAirports(_ airports: [Airport] = [], in made: Store? = nil) throws -> Store {
    let store = try made ?? Store.inMemory()
    try store.write { tx throws in
      try tx.createTable(
        TableDefinition(
          "airport",
          columns: [
            ColumnDefinition("icao", .text), ColumnDefinition("iata", .text), ColumnDefinition("name", .text),
            ColumnDefinition("elevation", .real),
            ColumnDefinition("seen", .integer, defaultValue: .literal(0)),
            ColumnDefinition("country", .text, defaultValue: .literal("??")),
          ], primaryKey: [IndexPart(column: "icao")]))
      try tx.createIndex(
        IndexDefinition(
          "airport_iata", on: "airport", parts: [IndexPart(column: "iata")], isUnique: true,
          where: .binary(.notEqual, .column(ColumnReference("iata")), .literal(""))))
      try tx.createTable(
        TableDefinition(
          "event",
          columns: [
            ColumnDefinition("id", .integer), ColumnDefinition("kind", .text, isNullable: false),
            ColumnDefinition("urgent", .boolean), ColumnDefinition("at", .timestamp),
            ColumnDefinition("payload", .blob),
          ], primaryKey: [IndexPart(column: "id")]))
      try tx.upsert(contentsOf: airports)
    }
    return store
  }
}

let heathrow = Airport(icao: "EGLL", iata: "LHR", name: "Heathrow", elevation: 25, seen: 1)
let gatwick = Airport(icao: "EGKK", iata: "LGW", name: "Gatwick", elevation: 62, seen: 2)
let kennedy = Airport(icao: "KJFK", iata: "JFK", name: "Kennedy", elevation: nil, seen: 3)

/// An outcome that a test did not expect.
struct Unexpected: Error {
  let outcome: String

  init(_ outcome: String) { self.outcome = outcome }
}
