/// JSON text taken apart. Numbers and strings stay as they were written.
enum JSONNode: Sendable, Hashable {
  case null
  case boolean(Bool)
  /// The digits as written.
  case number([UInt8])
  /// What stands between the quotes, escapes and all.
  case string([UInt8])
  case array([JSONNode])
  case object([JSONMember])

  /// The most commas, brackets and braces of JSON that is taken apart, which takes much more memory than its text.
  private static let mostParts = 2 << 20

  private static func hasFewParts(_ bytes: UnsafeRawBufferPointer) -> Bool {
    if bytes.count <= mostParts { return true }
    var count = 0
    for byte in bytes where byte == UInt8(ascii: ",") || byte | 0x20 == UInt8(ascii: "{") { count += 1 }
    return count <= mostParts
  }

  /// - Throws: `limit` for JSON of so many parts that it is not taken apart.
  static func requireFewParts(_ text: String) throws(UpkeepError) {
    var text = text
    let isTooMuch = text.withUTF8 { bytes in
      let bytes = UnsafeRawBufferPointer(bytes)
      return !hasFewParts(bytes) && JSONText.isValid(bytes)
    }
    if isTooMuch {
      throw UpkeepError(.limit, "JSON functions take no more than \(mostParts) parts; this JSON has more")
    }
  }

  /// Nil for a text that is not JSON, is nested too deep, or has too many parts.
  init?(_ text: String) {
    var text = text
    let node = text.withUTF8 { bytes -> JSONNode? in
      let bytes = UnsafeRawBufferPointer(bytes)
      guard JSONText.isValid(bytes), Self.hasFewParts(bytes) else { return nil }
      var reader = JSONNodeReader(bytes: bytes)
      return reader.value()
    }
    guard let node else { return nil }
    self = node
  }

  /// Compact JSON, without blanks between its parts.
  var text: String {
    var bytes: [UInt8] = []
    append(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  func append(to bytes: inout [UInt8]) {
    switch self {
    case .null: bytes += "null".utf8
    case .boolean(let truth): bytes += (truth ? "true" : "false").utf8
    case .number(let digits): bytes += digits
    case .string(let inside):
      bytes.append(0x22)
      bytes += inside
      bytes.append(0x22)
    case .array(let items):
      bytes.append(UInt8(ascii: "["))
      for (position, item) in items.enumerated() {
        if position > 0 { bytes.append(UInt8(ascii: ",")) }
        item.append(to: &bytes)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let members):
      bytes.append(UInt8(ascii: "{"))
      for (position, member) in members.enumerated() {
        if position > 0 { bytes.append(UInt8(ascii: ",")) }
        JSONNode.string(member.name).append(to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        member.value.append(to: &bytes)
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  /// What `json_type()` calls it.
  var typeName: String {
    switch self {
    case .null: "null"
    case .boolean(let truth): truth ? "true" : "false"
    case .number(let digits): Self.isWhole(digits) ? "integer" : "real"
    case .string: "text"
    case .array: "array"
    case .object: "object"
    }
  }

  private static func isWhole(_ digits: [UInt8]) -> Bool {
    digits.allSatisfy { $0 &- 0x30 < 10 || $0 == UInt8(ascii: "-") }
  }

  /// The value that it is in SQL; arrays and objects stay JSON.
  var value: Value {
    switch self {
    case .null: return .null
    case .boolean(let truth): return .integer(truth ? 1 : 0)
    case .number(let digits):
      switch digits.withUnsafeBytes({ NumberParser.number($0) }) {
      case .integer(let integer): return .integer(integer)
      case .real(let real): return .real(real)
      case nil: return .null
      }
    case .string(let inside):
      return .text(String(decoding: JSONStringText.unescaped(inside[...]), as: UTF8.self))
    case .array, .object: return .json(text)
    }
  }

  var isContainer: Bool {
    switch self {
    case .array, .object: true
    default: false
    }
  }

  /// A value of SQL as JSON. Nil for a blob, and for JSON that is none.
  init?(_ value: Value) {
    switch value {
    case .null: self = .null
    case .integer(let integer): self = .number(Array(String(integer).utf8))
    case .real: self = .number(Array(value.jsonText.utf8))
    case .boolean(let truth): self = .boolean(truth)
    case .json(let text): self.init(text)
    case .text(let text): self = .string(Array(JSONText.quoted(text).utf8.dropFirst().dropLast()))
    case .timestamp, .uuid: self = .string(Array(value.description.utf8))
    case .blob: return nil
    }
  }
}

/// One member of a JSON object.
struct JSONMember: Sendable, Hashable {
  /// What stands between the quotes, escapes and all.
  var name: [UInt8]
  var value: JSONNode

  /// The name without its escapes.
  var plainName: [UInt8] { JSONStringText.unescaped(name[...]) }
}

/// Reads text that is known to be JSON and no deeper than `JSONText.deepest`.
private struct JSONNodeReader {
  let bytes: UnsafeRawBufferPointer
  var position = 0

  private var byte: UInt8 { position < bytes.count ? bytes[position] : 0 }

  private mutating func skipSpace() {
    while [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
  }

  mutating func value() -> JSONNode {
    skipSpace()
    defer { skipSpace() }
    switch byte {
    case UInt8(ascii: "{"): return .object(members())
    case UInt8(ascii: "["): return .array(items())
    case UInt8(ascii: "\""): return .string(string())
    default:
      let start = position
      while position < bytes.count, !",]} \t\n\r".utf8.contains(byte) { position += 1 }
      let word = Array(bytes[start..<position])
      switch word.first {
      case UInt8(ascii: "t"): return .boolean(true)
      case UInt8(ascii: "f"): return .boolean(false)
      case UInt8(ascii: "n"): return .null
      default: return .number(word)
      }
    }
  }

  private mutating func items() -> [JSONNode] {
    var items: [JSONNode] = []
    repeat {
      // Over the bracket, or the comma before the next item.
      position += 1
      skipSpace()
      if byte == UInt8(ascii: "]") { break }
      items.append(value())
    } while byte == UInt8(ascii: ",")
    position += 1
    return items
  }

  private mutating func members() -> [JSONMember] {
    var members: [JSONMember] = []
    repeat {
      position += 1
      skipSpace()
      if byte == UInt8(ascii: "}") { break }
      let name = string()
      skipSpace()
      position += 1
      members.append(JSONMember(name: name, value: value()))
    } while byte == UInt8(ascii: ",")
    position += 1
    return members
  }

  private mutating func string() -> [UInt8] {
    let start = position + 1
    position = start
    while position < bytes.count, byte != UInt8(ascii: "\"") {
      position += byte == UInt8(ascii: "\\") ? 2 : 1
    }
    let end = min(position, bytes.count)
    position = min(position + 1, bytes.count)
    return Array(bytes[min(start, end)..<end])
  }
}
