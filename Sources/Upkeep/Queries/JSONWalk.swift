/// Goes through JSON and gives a row for each part: what `json_each()` and `json_tree()` are made of.
///
/// Parts are numbered in the order in which they are written, from 0; the name of a member has a number too.
struct JSONWalk {
  /// Whether parts within parts have rows.
  let goesDeep: Bool

  private struct Part {
    var node: JSONNode
    var key: Value
    var id: Int
    var fullKey: String
    /// The full key of what it lies in.
    var path: String
  }

  func run(_ whole: JSONNode, _ path: JSONPath, _ row: RowTaker) throws(UpkeepError) {
    var part = Part(node: whole, key: .null, id: 0, fullKey: "$", path: "$")
    for step in path.steps {
      guard let next = children(of: part).first(where: { matches($0, step, in: part.node) }) else { return }
      part = next
    }
    if goesDeep {
      _ = try walk(part, parent: nil, row)
    } else if part.node.isContainer {
      for child in children(of: part) { guard try give(child, parent: nil, row) else { return } }
    } else {
      part.key = .null
      part.path = part.fullKey
      _ = try give(part, parent: nil, row)
    }
  }

  private func matches(_ child: Part, _ step: JSONPath.Step, in node: JSONNode) -> Bool {
    switch (node, step) {
    case (.object, .member(let name)): child.key == .text(String(decoding: name, as: UTF8.self))
    case (.array, .item(let number)): child.key == .integer(Int64(number))
    case (.array(let items), .fromEnd(let number)): child.key == .integer(Int64(items.count - number))
    default: false
    }
  }

  /// - Returns: false if no more rows are wanted.
  private func walk(_ part: Part, parent: Int?, _ row: RowTaker) throws(UpkeepError) -> Bool {
    guard try give(part, parent: parent, row) else { return false }
    for child in children(of: part) { guard try walk(child, parent: part.id, row) else { return false } }
    return true
  }

  private func give(_ part: Part, parent: Int?, _ row: RowTaker) throws(UpkeepError) -> Bool {
    let value = part.node.value
    return try row([
      part.key, value, .text(part.node.typeName), part.node.isContainer ? .null : value,
      .integer(Int64(part.id)), parent.map { .integer(Int64($0)) } ?? .null, .text(part.fullKey),
      .text(part.path),
    ])
  }

  private func children(of part: Part) -> [Part] {
    var next = part.id + 1
    var children: [Part] = []
    switch part.node {
    case .array(let items):
      for (number, item) in items.enumerated() {
        children.append(
          Part(
            node: item, key: .integer(Int64(number)), id: next, fullKey: "\(part.fullKey)[\(number)]",
            path: part.fullKey))
        next += item.count
      }
    case .object(let members):
      for member in members {
        let name = String(decoding: member.name, as: UTF8.self)
        let isPlain = Self.isPlain(member.name)
        children.append(
          Part(
            node: member.value, key: .text(String(decoding: member.plainName, as: UTF8.self)), id: next + 1,
            fullKey: isPlain ? "\(part.fullKey).\(name)" : "\(part.fullKey).\"\(name)\"", path: part.fullKey))
        next += 1 + member.value.count
      }
    default: break
    }
    return children
  }

  /// Whether a name can stand in a path without quotes.
  private static func isPlain(_ name: [UInt8]) -> Bool {
    guard let first = name.first, (first | 0x20) &- 0x61 < 26 else { return false }
    return name.allSatisfy { ($0 | 0x20) &- 0x61 < 26 || $0 &- 0x30 < 10 }
  }
}

extension JSONNode {
  /// How many numbers its parts take.
  fileprivate var count: Int {
    switch self {
    case .array(let items): items.reduce(1) { $0 + $1.count }
    case .object(let members): members.reduce(1) { $0 + 1 + $1.value.count }
    default: 1
    }
  }
}
