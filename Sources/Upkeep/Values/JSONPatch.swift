/// A JSON merge patch (RFC 7396) on JSON text, with compact text as the result: no space between the parts.
///
/// Where the patch is no object it is the result. The members of an object go over those of the target: null removes one,
/// anything else is merged into the member of that name, or added behind the others. Numbers and strings stay as they
/// were written; names are equal when they are without their escapes. Of two members with one name the last counts.
enum JSONPatch {
  /// - Returns: nil if one of the two is not JSON.
  static func apply(_ patch: String, to target: String) -> String? {
    guard let target = parsed(target), let patch = parsed(patch) else { return nil }
    var bytes: [UInt8] = []
    merged(target, with: patch).append(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func parsed(_ text: String) -> Node? {
    var text = text
    return text.withUTF8 { bytes in
      let bytes = UnsafeRawBufferPointer(bytes)
      // What is no JSON, or nested too deep, is refused here; so the reader need not look out for either.
      guard JSONText.isValid(bytes) else { return nil }
      var reader = Reader(bytes: bytes)
      return reader.value()
    }
  }

  private static func merged(_ target: Node?, with patch: Node) -> Node {
    guard case .object(let changes) = patch else { return patch }
    var members = Members()
    if case .object(let own)? = target { members = own }
    for change in changes.list {
      if change.value.isNull {
        members.remove(change.name)
      } else {
        members.set(change.name, change.written, merged(members.value(change.name), with: change.value))
      }
    }
    return .object(members)
  }

  // MARK: - The parts

  private indirect enum Node {
    case object(Members)
    /// An array or a scalar: its text without spaces.
    case other([UInt8])

    var isNull: Bool {
      if case .other(let bytes) = self { bytes.first == UInt8(ascii: "n") } else { false }
    }

    func append(to bytes: inout [UInt8]) {
      switch self {
      case .other(let text): bytes += text
      case .object(let members):
        bytes.append(UInt8(ascii: "{"))
        for (position, member) in members.list.enumerated() {
          if position > 0 { bytes.append(UInt8(ascii: ",")) }
          bytes += member.written
          bytes.append(UInt8(ascii: ":"))
          member.value.append(to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
      }
    }
  }

  private struct Member {
    /// The name without its quotes and escapes.
    let name: [UInt8]
    /// The name as it was written, with its quotes.
    let written: [UInt8]
    var value: Node
  }

  /// The members of an object in their order, found by name.
  private struct Members {
    private var slots: [Member?] = []
    private var places: [[UInt8]: Int] = [:]

    var list: some Sequence<Member> { slots.lazy.compactMap { $0 } }

    func value(_ name: [UInt8]) -> Node? { places[name].flatMap { slots[$0]?.value } }

    mutating func set(_ name: [UInt8], _ written: [UInt8], _ value: Node) {
      if let place = places[name] {
        slots[place]?.value = value
      } else {
        places[name] = slots.count
        slots.append(Member(name: name, written: written, value: value))
      }
    }

    mutating func remove(_ name: [UInt8]) {
      if let place = places.removeValue(forKey: name) { slots[place] = nil }
    }
  }

  // MARK: - Reading

  /// Reads text that is known to be JSON and no deeper than `JSONText.deepest`.
  private struct Reader {
    let bytes: UnsafeRawBufferPointer
    var position = 0

    private var byte: UInt8 { position < bytes.count ? bytes[position] : 0 }

    private mutating func skipSpace() {
      while [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
    }

    mutating func value() -> Node {
      skipSpace()
      defer { skipSpace() }
      return byte == UInt8(ascii: "{") ? .object(object()) : .other(compact())
    }

    private mutating func object() -> Members {
      var members = Members()
      repeat {
        // Over the brace, or the comma before the next member.
        position += 1
        skipSpace()
        if byte == UInt8(ascii: "}") { break }
        let start = position
        skipString()
        let written = Array(bytes[start..<position])
        skipSpace()
        position += 1
        members.set(JSONStringText.unescaped(written.dropFirst().dropLast()), written, value())
      } while byte == UInt8(ascii: ",")
      position += 1
      return members
    }

    /// An array or a scalar without the spaces between its parts.
    private mutating func compact() -> [UInt8] {
      var result: [UInt8] = []
      var depth = 0
      while position < bytes.count {
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D: position += 1
        case UInt8(ascii: "\""):
          let start = position
          skipString()
          result += bytes[start..<position]
        case UInt8(ascii: "["), UInt8(ascii: "{"):
          depth += 1
          result.append(byte)
          position += 1
        case UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: ","):
          // Of what this value lies in.
          if depth == 0 { return result }
          if byte != UInt8(ascii: ",") { depth -= 1 }
          result.append(byte)
          position += 1
        default:
          result.append(byte)
          position += 1
        }
      }
      return result
    }

    private mutating func skipString() {
      position += 1
      while position < bytes.count, byte != UInt8(ascii: "\"") {
        position += byte == UInt8(ascii: "\\") ? 2 : 1
      }
      position = Swift.min(position + 1, bytes.count)
    }
  }
}
