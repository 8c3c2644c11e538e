/// Functions of JSON: of JSON values, and of texts that are JSON. What they make is JSON, so that it is put into other
/// JSON as it is; a text is put in as a string.
enum JSONFunctions {
  private static func node(_ value: Value, _ call: ValueCall) throws(UpkeepError) -> JSONNode {
    let text = value.castText ?? ""
    if let node = JSONNode(text) { return node }
    try JSONNode.requireFewParts(text)
    var error = UpkeepError(.typeMismatch, "malformed JSON in \(shown(call)): \(value.literalText)")
    error.value = value.literalText
    throw error
  }

  private static func shown(_ call: ValueCall) -> String {
    call.name.hasPrefix("-") ? call.name : "\(call.name)()"
  }

  /// A value as a part of JSON.
  static func part(of value: Value, in name: String) throws(UpkeepError) -> JSONNode {
    if case .text(let text) = value, JSONText.quotedByteCount(text) > RowCodec.longestValue {
      throw UpkeepError(.limit, "\(name)() gives a text longer than \(RowCodec.longestValue) bytes")
    }
    if let node = JSONNode(value) { return node }
    try JSONNode.requireFewParts(value.castText ?? "")
    if case .blob = value {
      throw UpkeepError(.typeMismatch, "JSON cannot hold a BLOB; \(name)() was given one")
    }
    throw UpkeepError(.typeMismatch, "malformed JSON in \(name)(): \(value.literalText)")
  }

  static func path(_ value: Value) throws(UpkeepError) -> JSONPath {
    let text = value.castText ?? ""
    do throws(JSONPathError) {
      return try JSONPath(text)
    } catch {
      throw UpkeepError(
        .misuse, "\(value.literalText) is no JSON path, from '\(error.rest)' on; one is '$.name[0]'")
    }
  }

  // MARK: Looking

  static func compact(_ call: ValueCall) throws(UpkeepError) -> Value {
    .json(try node(call.values[0], call).text)
  }

  static func isValid(_ call: ValueCall) -> Value {
    var text = call.values[0].castText ?? ""
    return .integer(text.withUTF8 { JSONText.isValid(UnsafeRawBufferPointer($0)) } ? 1 : 0)
  }

  static func type(_ call: ValueCall) throws(UpkeepError) -> Value {
    try looked(call).map { .text($0.typeName) } ?? .null
  }

  static func arrayLength(_ call: ValueCall) throws(UpkeepError) -> Value {
    guard let found = try looked(call) else { return .null }
    if case .array(let items) = found { return .integer(Int64(items.count)) }
    return .integer(0)
  }

  /// The whole, or the part at the path behind it.
  private static func looked(_ call: ValueCall) throws(UpkeepError) -> JSONNode? {
    let whole = try node(call.values[0], call)
    return call.values.count < 2 ? whole : whole.part(at: try path(call.values[1]))
  }

  /// The value at a path; an array of the values where several are given.
  static func extract(_ call: ValueCall) throws(UpkeepError) -> Value {
    let whole = try node(call.values[0], call)
    if call.values.count == 2 { return whole.part(at: try path(call.values[1]))?.value ?? .null }
    if call.values.count < 2 { return .null }
    var found: [JSONNode] = []
    for value in call.values.dropFirst() { found.append(whole.part(at: try path(value)) ?? .null) }
    return .json(JSONNode.array(found).text)
  }

  /// `->`
  static func part(_ call: ValueCall) throws(UpkeepError) -> Value {
    try arrow(call).map { .json($0.text) } ?? .null
  }

  /// `->>`
  static func partValue(_ call: ValueCall) throws(UpkeepError) -> Value {
    guard let found = try arrow(call) else { return .null }
    if case .json(let text) = found.value { return .text(text) }
    return found.value
  }

  /// On the right of an arrow may stand a path, the number of an item, or a name.
  private static func arrow(_ call: ValueCall) throws(UpkeepError) -> JSONNode? {
    let whole = try node(call.values[0], call)
    let wanted = call.values[1].castText ?? ""
    let written: String
    switch wanted.utf8.first {
    case UInt8(ascii: "$"): written = wanted
    case .some(0x30...0x39): written = "$[\(wanted)]"
    case UInt8(ascii: "["): written = "$\(wanted)"
    default:
      if case .integer(let number) = call.values[1], number < 0 {
        written = "$[#\(number)]"
      } else {
        written = "$.\(wanted)"
      }
    }
    return whole.part(at: try path(.text(written)))
  }

  // MARK: Making

  static func quote(_ call: ValueCall) throws(UpkeepError) -> Value {
    .json(try part(of: call.values[0], in: call.name).text)
  }

  static func array(_ call: ValueCall) throws(UpkeepError) -> Value {
    try requireRoom(call)
    var items: [JSONNode] = []
    for value in call.values { items.append(try part(of: value, in: call.name)) }
    return .json(JSONNode.array(items).text)
  }

  static func object(_ call: ValueCall) throws(UpkeepError) -> Value {
    guard call.values.count.isMultiple(of: 2) else { throw call.misuse("names and values come in pairs") }
    try requireRoom(call)
    var members: [JSONMember] = []
    for position in stride(from: 0, to: call.values.count, by: 2) {
      members.append(try member(call.values[position], call.values[position + 1], in: call.name))
    }
    return .json(JSONNode.object(members).text)
  }

  static func member(_ name: Value, _ value: Value, in function: String) throws(UpkeepError) -> JSONMember {
    guard case .text(let text) = name else {
      throw UpkeepError(.misuse, "\(function)(): the name of a member is a TEXT, not \(name.literalText)")
    }
    return JSONMember(
      name: Array(JSONText.quoted(text).utf8.dropFirst().dropLast()), value: try part(of: value, in: function)
    )
  }

  /// What is made of the arguments is at least as long as they are together, or nearly so.
  private static func requireRoom(_ call: ValueCall) throws(UpkeepError) {
    let count = call.values.reduce(0) { sum, value in
      switch value {
      case .text(let text), .json(let text): sum + text.utf8.count
      default: sum
      }
    }
    if count > RowCodec.longestValue {
      throw UpkeepError(.limit, "\(call.name)() gives a text longer than \(RowCodec.longestValue) bytes")
    }
  }

  // MARK: Changing

  static func patch(_ call: ValueCall) throws(UpkeepError) -> Value {
    guard let patched = JSONPatch.apply(call.values[1].castText ?? "", to: call.values[0].castText ?? "")
    else {
      _ = try node(call.values[0], call)
      _ = try node(call.values[1], call)
      return .null
    }
    return .json(patched)
  }

  static func remove(_ call: ValueCall) throws(UpkeepError) -> Value {
    var whole = try node(call.values[0], call)
    for value in call.values.dropFirst() {
      guard let rest = whole.removing(try path(value).steps[...]) else { return .null }
      whole = rest
    }
    return .json(whole.text)
  }

  static func change(_ call: ValueCall, _ edit: JSONEdit) throws(UpkeepError) -> Value {
    if call.values[0] == .null { return .null }
    try requireRoom(call)
    guard !call.values.count.isMultiple(of: 2) else { throw call.misuse("paths and values come in pairs") }
    var whole = try node(call.values[0], call)
    for position in stride(from: 1, to: call.values.count, by: 2) where call.values[position] != .null {
      let path = try path(call.values[position])
      whole = whole.editing(path.steps[...], edit, try part(of: call.values[position + 1], in: call.name))
    }
    return .json(whole.text)
  }
}
