import Foundation
import Testing

/// The rooms of each target, bottom first: a room may name what any room before it declares, and nothing of
/// the rooms after it. Files at the top of a target belong to no room and are not looked at.
@Suite struct RoomOrderTests {
  private static let rooms: [String: [[String]]] = [
    "UpkeepStorage": [
      ["Threads"], ["Files"], ["Bytes"], ["Pages"], ["Tree"], ["WriteAheadLog"], ["Versions"],
      ["Transactions"],
      ["Recovery"],
    ],
    // What a value, an expression, a schema and a query are is said in terms of one another.
    "Upkeep": [
      ["Values", "Expressions", "Schema", "Catalog", "Statements"], ["Rows"], ["Spill"], ["Upsert"],
      ["Queries"],
      ["Tables"],
      ["Buckets"], ["Import"], ["Store"], ["Records"],
    ],
    "UpkeepSQL": [["Lexer"], ["Parser"], ["Printer"]],
    "UpkeepShell": [
      ["Terminal"], ["Formats"], ["Inspect"], ["Session", "Habits"], ["Load"], ["Dump"], ["SQLite"],
      ["DotCommands"],
      ["Conversation"],
    ],
  ]

  /// Names of a room above that a file may use all the same, and why.
  private static let exceptions: Set<String> = [
    // A page is checked as the node it is when it is read.
    "UpkeepStorage/Pages/DataFile.swift NodeValidation",
    // The superblock says where the log goes on.
    "UpkeepStorage/Pages/Superblock.swift LogPosition",
    // Replay puts records to the transaction that commits them.
    "UpkeepStorage/WriteAheadLog/LogOperations.swift WriteTransaction",
  ]

  @Test("Every folder of a target is a room of the plan", arguments: rooms.keys.sorted())
  func everyFolderIsARoom(_ target: String) {
    let folders = ProjectFiles.sources.compactMap { file -> String? in
      let parts = file.path.split(separator: "/")
      return parts.count == 4 && parts[1] == target ? String(parts[2]) : nil
    }
    #expect(Set(folders).subtracting((Self.rooms[target] ?? []).joined()).sorted() == [])
  }

  @Test("A room names only what the rooms below it declare", arguments: rooms.keys.sorted())
  func roomsNameOnlyRoomsBelow(_ target: String) throws {
    let rooms = Self.rooms[target] ?? []
    let declaration = try NSRegularExpression(
      pattern: #"^(?:@\w+ )*(?:public |package |internal )?(?:final |indirect )?"#
        + #"(?:struct|class|enum|protocol|actor|typealias) (\w+)"#)
    let ownDeclaration = try NSRegularExpression(
      pattern: #"\b(?:struct|class|enum|protocol|actor|typealias|case) (\w+)"#)
    let word = try NSRegularExpression(pattern: #"(?<![.\w"])[A-Z]\w+"#)
    let files = ProjectFiles.sources.compactMap { file -> (room: Int, file: ProjectFiles.File)? in
      let room = rooms.firstIndex { tier in tier.contains { file.path.hasPrefix("Sources/\(target)/\($0)/") }
      }
      return room.map { ($0, file) }
    }
    var home: [String: Int] = [:]
    for (room, file) in files {
      for line in file.lines {
        for name in Self.names(declaration, in: String(line), group: 1) { home[name] = room }
      }
    }
    for (room, file) in files {
      // A name that the file declares itself, within a type or as a parameter, is its own.
      var told = Set(file.lines.flatMap { Self.names(ownDeclaration, in: String($0), group: 1) })
      for (index, line) in file.lines.enumerated() {
        for name in Self.names(word, in: ProjectFiles.code(of: line), group: 0) {
          guard let other = home[name], other > room, told.insert(name).inserted else { continue }
          if Self.exceptions.contains("\(file.path.dropFirst("Sources/".count)) \(name)") { continue }
          Issue.record("\(file.path):\(index + 1) names \(name) of the room above, \(rooms[other])")
        }
      }
    }
  }

  private static func names(_ expression: NSRegularExpression, in text: String, group: Int) -> [String] {
    expression.matches(in: text, range: NSRange(text.startIndex..., in: text)).compactMap { match in
      Range(match.range(at: group), in: text).map { String(text[$0]) }
    }
  }
}
