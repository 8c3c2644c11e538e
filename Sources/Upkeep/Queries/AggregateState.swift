/// What an aggregate has seen so far of one group.
struct AggregateState {
  private let function: Aggregate.Function
  private let collation: Collation
  private(set) var count: Int64 = 0
  private var integerSum: Int64 = 0
  private var realSum = 0.0
  /// What the additions to `realSum` lost (Kahan-Babuška).
  private var compensation = 0.0
  private var isReal = false
  private var isOverflowed = false
  private var best = Value.null
  /// What group_concat has put together; nil before the first value.
  private var text: String?
  /// What came, with the keys of ORDER BY, until the result is asked for.
  private var waiting: [Waiting] = []
  private var waitingByteCount = 0
  /// The items or members of JSON, with commas between them; nil before the first.
  private var json: [UInt8]?

  private struct Waiting {
    var key: [UInt8]
    var value: Value
    var second: Value?
  }

  init(_ aggregate: Aggregate) {
    function = aggregate.function
    collation = aggregate.argument?.collation ?? .binary
  }

  /// A row that counts, whatever is in it; or many.
  mutating func addRows(_ more: Int64 = 1) { count += more }

  /// Takes a value; NULL does not count.
  ///
  /// - Returns: whether it is the new least or greatest.
  @discardableResult
  mutating func add(_ value: Value) throws(UpkeepError) -> Bool {
    if value == .null { return false }
    switch function {
    case .count: count += 1
    case .min: return improve(value, by: -1)
    case .max: return improve(value, by: 1)
    case .groupConcat, .stringAgg, .jsonGroupArray, .jsonGroupObject: break
    case .sum, .total, .avg:
      count += 1
      switch value {
      case .integer(let integer): add(integer: integer)
      case .real(let real): add(real: real)
      case .boolean(let truth): add(integer: truth ? 1 : 0)
      case .text(let text): try add(text: text)
      case .null: break
      case .blob, .timestamp, .uuid, .json:
        var error = UpkeepError(
          .typeMismatch, "\(function.rawValue)() adds numbers; \(value.literalText) is none: CAST it first")
        error.value = value.literalText
        throw error
      }
    }
    return false
  }

  /// Takes a row of the context.
  ///
  /// - Parameters:
  ///   - seen: what the groups have seen; nil without DISTINCT.
  ///   - group: the number of the state's own group.
  /// - Returns: whether it has the new least or greatest value.
  @discardableResult
  mutating func feed(
    _ aggregate: Aggregate, _ context: EvaluationContext, _ seen: DistinctValues?, group: Int
  ) throws(UpkeepError) -> Bool {
    if let filter = aggregate.filter, try !filter.isTrue(context) { return false }
    guard let argument = aggregate.argument else {
      addRows()
      return false
    }
    let value = try argument.evaluate(context)
    return try take(
      value, second: try aggregate.second?.evaluate(context), key: try aggregate.orderKey(context), seen,
      group: group)
  }

  /// Takes what the arguments are on a row.
  ///
  /// - Parameter key: where the row stands in the order of ORDER BY; nil without one.
  @discardableResult
  mutating func take(
    _ value: Value, second: Value?, key: Value?, _ seen: DistinctValues?, group: Int
  ) throws(UpkeepError) -> Bool {
    // Only an array of JSON has a place for NULL.
    if value == .null, function != .jsonGroupArray { return false }
    if let seen, second == nil, try !seen.insert(value, group: group) { return false }
    guard case .blob(let bytes)? = key else { return try accept(value, second) }
    waiting.append(Waiting(key: bytes, value: value, second: second))
    waitingByteCount += bytes.count + value.ownByteCount + (second?.ownByteCount ?? 0) + 64
    return false
  }

  private mutating func accept(_ value: Value, _ second: Value?) throws(UpkeepError) -> Bool {
    switch function {
    case .jsonGroupArray:
      try append(try JSONFunctions.part(of: value, in: function.rawValue), name: nil)
    case .jsonGroupObject:
      let name = Value.text(value.castText ?? "")
      let member = try JSONFunctions.member(name, second ?? .null, in: function.rawValue)
      try append(member.value, name: member.name)
    case .groupConcat, .stringAgg:
      try join(value, second.map { $0.castText ?? "" } ?? ",")
    default: return try add(value)
    }
    return false
  }

  /// Bytes that it takes beside itself.
  var heldByteCount: Int {
    (text?.utf8.count ?? 0) + (json?.count ?? 0) + waitingByteCount + best.ownByteCount
  }

  private mutating func append(_ part: JSONNode, name: [UInt8]?) throws(UpkeepError) {
    var bytes = json ?? []
    json = nil
    if !bytes.isEmpty { bytes.append(UInt8(ascii: ",")) }
    if let name {
      JSONNode.string(name).append(to: &bytes)
      bytes.append(UInt8(ascii: ":"))
    }
    part.append(to: &bytes)
    if bytes.count > RowCodec.longestValue {
      throw UpkeepError(
        .limit, "\(function.rawValue)() gives a text longer than \(RowCodec.longestValue) bytes")
    }
    json = bytes
  }

  /// The same with what waited taken in its order.
  private func inOrder() throws(UpkeepError) -> AggregateState {
    var state = self
    state.waiting = []
    let numbers = waiting.indices.sorted { a, b in
      let order = waiting[a].key.withUnsafeBytes { Bytes.compare($0, waiting[b].key) }
      return order != 0 ? order < 0 : a < b
    }
    for number in numbers { _ = try state.accept(waiting[number].value, waiting[number].second) }
    return state
  }

  private mutating func join(_ value: Value, _ separator: String) throws(UpkeepError) {
    let piece = value.castText ?? ""
    // What is looked at here is not held, so that the text grows in its place.
    guard let count = text?.utf8.count else {
      text = piece
      return
    }
    guard count + separator.utf8.count + piece.utf8.count <= RowCodec.longestValue else {
      throw UpkeepError(
        .limit, "\(function.rawValue)() gives a text longer than \(RowCodec.longestValue) bytes")
    }
    text?.append(separator)
    text?.append(piece)
  }

  /// The same as `add` of a value, of which none is made. Not of `other`.
  ///
  /// - Returns: whether it is the new least or greatest.
  @inline(__always)
  mutating func add(_ scalar: Scalar) -> Bool {
    if scalar.kind == .null { return false }
    switch function {
    case .count: count += 1
    case .sum, .total, .avg:
      count += 1
      if scalar.kind == .integer { add(integer: scalar.integer) } else { add(real: scalar.real) }
    case .min, .max: return improve(scalar)
    default: break
    }
    return false
  }

  private mutating func improve(_ scalar: Scalar) -> Bool {
    let isBetter: Bool
    switch (best, scalar.kind) {
    case (.integer(let best), .integer):
      isBetter = function == .min ? scalar.integer < best : scalar.integer > best
    case (.real(let best), .real): isBetter = function == .min ? scalar.real < best : scalar.real > best
    default:
      return improve(
        scalar.kind == .integer ? .integer(scalar.integer) : .real(scalar.real), by: function == .min ? -1 : 1
      )
    }
    if isBetter { best = scalar.kind == .integer ? .integer(scalar.integer) : .real(scalar.real) }
    return isBetter
  }

  /// The same as `add` of a number, without making a value of it.
  @inline(__always)
  mutating func addNumber(integer: Int64) {
    count += 1
    add(integer: integer)
  }

  /// The same as `add` of a number, without making a value of it.
  @inline(__always)
  mutating func addNumber(real: Double) {
    count += 1
    add(real: real)
  }

  /// The same of a column of REALs in many rows; what is added up stays where processors add.
  mutating func addNumbers(of batch: RowBatch, _ column: Int) throws(UpkeepError) {
    var (sum, lost, more) = (isReal ? realSum : Double(integerSum), compensation, count)
    try batch.forEachReal(column) { _, real in
      guard let real else { return }
      more += 1
      let next = sum + real
      lost = Self.compensation(lost, of: next, sum, real)
      sum = next
    }
    // Without a number the sum stays what it was: an integer, or none.
    if more > count { (isReal, realSum, compensation, count) = (true, sum, lost, more) }
  }

  /// What additions lost, after one more that gave `next`.
  @inline(__always)
  private static func compensation(_ before: Double, of next: Double, _ sum: Double, _ real: Double) -> Double
  {
    if !next.isFinite { return 0 }
    return before + (abs(sum) >= abs(real) ? (sum - next) + real : (real - next) + sum)
  }

  /// The aggregate of what was taken.
  func result() throws(UpkeepError) -> Value {
    if !waiting.isEmpty { return try inOrder().result() }
    switch function {
    case .count: return .integer(count)
    case .min, .max: return best
    case .groupConcat, .stringAgg: return text.map { .text($0) } ?? .null
    case .jsonGroupArray: return .json("[" + String(decoding: json ?? [], as: UTF8.self) + "]")
    case .jsonGroupObject: return .json("{" + String(decoding: json ?? [], as: UTF8.self) + "}")
    case .total: return .number(total)
    case .avg: return count == 0 ? .null : .number(total / Double(count))
    case .sum:
      if count == 0 { return .null }
      if isOverflowed { throw UpkeepError(.overflow, "integer overflow in sum(); total() gives a REAL") }
      return isReal ? .number(total) : .integer(integerSum)
    }
  }

  private var total: Double { isReal ? realSum + compensation : Double(integerSum) }

  private mutating func improve(_ value: Value, by sign: Int) -> Bool {
    if best == .null || ValueOrder.compare(value, best, collation: collation) * sign > 0 {
      best = value
      return true
    }
    return false
  }

  @inline(__always)
  private mutating func add(integer: Int64) {
    if isReal { return add(real: Double(integer)) }
    let (sum, overflow) = integerSum.addingReportingOverflow(integer)
    if overflow {
      isOverflowed = true
      becomeReal()
      return add(real: Double(integer))
    }
    integerSum = sum
  }

  private mutating func becomeReal() {
    isReal = true
    realSum = Double(integerSum)
  }

  @inline(__always)
  private mutating func add(real: Double) {
    if !isReal { becomeReal() }
    let sum = realSum + real
    compensation = Self.compensation(compensation, of: sum, realSum, real)
    realSum = sum
  }

  /// A text counts as the number that it begins with, as in SQLite.
  private mutating func add(text: String) throws(UpkeepError) {
    switch Arithmetic.number(.text(text)) {
    case .integer(let integer): add(integer: integer)
    case .real(let real): add(real: real)
    default: add(real: 0)
    }
  }
}

extension Value {
  /// A REAL, or NULL for what is no number.
  static func number(_ real: Double) -> Value { real.isNaN ? .null : .real(real) }
}
