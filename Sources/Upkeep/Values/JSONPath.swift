/// The way to a part of JSON: `$`, `$.name`, `$."any name"`, `$[0]`, `$[#-1]` (counted from the end), one behind the
/// other. `[#]` is the place behind an array's last item.
struct JSONPath: Sendable {
  enum Step: Sendable {
    /// A member, by its name without escapes.
    case member([UInt8])
    case item(Int)
    /// So many before the end: 1 is the last item, 0 the place behind it.
    case fromEnd(Int)
  }

  private(set) var steps: [Step] = []

  /// - Throws: the rest of the text that makes no sense.
  init(_ text: String) throws(JSONPathError) {
    var rest = Array(text.utf8)[...]
    guard rest.popFirst() == UInt8(ascii: "$") else { throw JSONPathError(rest: text) }
    while let mark = rest.first {
      let before = rest
      rest.removeFirst()
      let step =
        mark == UInt8(ascii: ".") ? Self.member(&rest) : mark == UInt8(ascii: "[") ? Self.item(&rest) : nil
      // No JSON is deeper than this.
      guard let step, steps.count < JSONText.deepest else {
        throw JSONPathError(rest: String(decoding: before.prefix(40), as: UTF8.self))
      }
      steps.append(step)
    }
  }

  private static func member(_ rest: inout ArraySlice<UInt8>) -> Step? {
    if rest.first == UInt8(ascii: "\"") {
      var end = rest.startIndex + 1
      while end < rest.endIndex, rest[end] != UInt8(ascii: "\"") {
        end += rest[end] == UInt8(ascii: "\\") ? 2 : 1
      }
      guard end < rest.endIndex else { return nil }
      let name = rest[(rest.startIndex + 1)..<end]
      rest = rest[(end + 1)...]
      return .member(JSONStringText.unescaped(name))
    }
    let name = rest.prefix { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "[") }
    rest = rest.dropFirst(name.count)
    return name.isEmpty ? nil : .member(Array(name))
  }

  private static func item(_ rest: inout ArraySlice<UInt8>) -> Step? {
    guard let end = rest.firstIndex(of: UInt8(ascii: "]")) else { return nil }
    var inside = rest[..<end]
    rest = rest[(end + 1)...]
    let isFromEnd = inside.first == UInt8(ascii: "#")
    if isFromEnd {
      inside.removeFirst()
      if inside.isEmpty { return .fromEnd(0) }
      guard inside.popFirst() == UInt8(ascii: "-") else { return nil }
    }
    guard !inside.isEmpty, inside.allSatisfy({ $0 &- 0x30 < 10 }),
      let number = Int(String(decoding: inside, as: UTF8.self))
    else { return nil }
    return isFromEnd ? .fromEnd(number) : .item(number)
  }
}

/// A path that is none.
struct JSONPathError: Error {
  var rest: String
}

/// What becomes of the part at a path.
enum JSONEdit {
  /// A new part, only where there is none.
  case insert
  /// Another part, only where there is one.
  case replace
  /// A part, there or not.
  case set
}

extension JSONNode {
  /// The part at a path; nil if there is none.
  func part(at path: JSONPath) -> JSONNode? {
    var node = self
    for step in path.steps {
      guard let position = node.position(of: step) else { return nil }
      switch node {
      case .array(let items): node = items[position]
      case .object(let members): node = members[position].value
      default: return nil
      }
    }
    return node
  }

  /// Where the part of one step lies; nil if it is not there.
  private func position(of step: JSONPath.Step) -> Int? {
    switch (self, step) {
    case (.object(let members), .member(let name)): members.firstIndex { $0.plainName == name }
    case (.array(let items), .item(let number)): number < items.count ? number : nil
    case (.array(let items), .fromEnd(let number)):
      number > 0 && number <= items.count ? items.count - number : nil
    default: nil
    }
  }

  /// With another part at a path. What the path needs on its way is made where it may be.
  func editing(_ steps: ArraySlice<JSONPath.Step>, _ edit: JSONEdit, _ value: JSONNode) -> JSONNode {
    guard let step = steps.first else { return edit == .insert ? self : value }
    let rest = steps.dropFirst()
    if let position = position(of: step) {
      switch self {
      case .array(var items):
        items[position] = items[position].editing(rest, edit, value)
        return .array(items)
      case .object(var members):
        members[position].value = members[position].value.editing(rest, edit, value)
        return .object(members)
      default: return self
      }
    }
    guard edit != .replace, let made = Self.made(rest, value) else { return self }
    switch (self, step) {
    case (.object(let members), .member(let name)):
      let written = Array(JSONText.quoted(String(decoding: name, as: UTF8.self)).utf8.dropFirst().dropLast())
      return .object(members + [JSONMember(name: written, value: made)])
    case (.array(let items), .item(let number)): return number == items.count ? .array(items + [made]) : self
    case (.array(let items), .fromEnd(0)): return .array(items + [made])
    default: return self
    }
  }

  /// The value within new objects and arrays, as the steps ask for them; nil if they ask for what a new one lacks.
  private static func made(_ steps: ArraySlice<JSONPath.Step>, _ value: JSONNode) -> JSONNode? {
    guard let step = steps.first else { return value }
    let empty: JSONNode = if case .member = step { .object([]) } else { .array([]) }
    let made = empty.editing(steps, .set, value)
    return made == empty ? nil : made
  }

  /// Without the part at a path; nil if that is the whole.
  func removing(_ steps: ArraySlice<JSONPath.Step>) -> JSONNode? {
    guard let step = steps.first else { return nil }
    guard let position = position(of: step) else { return self }
    switch self {
    case .array(var items):
      if let rest = items[position].removing(steps.dropFirst()) {
        items[position] = rest
      } else {
        items.remove(at: position)
      }
      return .array(items)
    case .object(var members):
      if let rest = members[position].value.removing(steps.dropFirst()) {
        members[position].value = rest
      } else {
        members.remove(at: position)
      }
      return .object(members)
    default: return self
    }
  }
}
