/// A function that needs nothing but the values of its arguments and, for some, the statement's time.
///
/// Those that look at their arguments themselves, as `coalesce()` does, and those that tell of a row, are in
/// `ScalarFunction`.
struct ValueFunction: Sendable {
  typealias Body = @Sendable (ValueCall) throws(UpkeepError) -> Value

  let counts: ClosedRange<Int>
  /// Whether a NULL among the arguments makes the result NULL without asking the function.
  var isStrict = true
  /// Whether each call may give something else.
  var isRandom = false
  /// Whether 'now' among its arguments, or none at all, means the time of the statement.
  var tellsTime = false
  let body: Body

  /// All of them, by name.
  static let all: [String: ValueFunction] = {
    var table = numbers
    for more in [texts, dates, jsons] { table.merge(more) { $1 } }
    return table
  }()

  private static let numbers: [String: ValueFunction] = {
    var table: [String: ValueFunction] = [
      "sign": ValueFunction(counts: 1...1, body: NumberFunctions.sign),
      "ceil": ValueFunction(counts: 1...1) { NumberFunctions.whole($0, .up) },
      "ceiling": ValueFunction(counts: 1...1) { NumberFunctions.whole($0, .up) },
      "floor": ValueFunction(counts: 1...1) { NumberFunctions.whole($0, .down) },
      "trunc": ValueFunction(counts: 1...1) { NumberFunctions.whole($0, .towardZero) },
      "mod": ValueFunction(counts: 2...2, body: NumberFunctions.remainder),
      "pow": ValueFunction(counts: 2...2, body: NumberFunctions.power),
      "power": ValueFunction(counts: 2...2, body: NumberFunctions.power),
      "atan2": ValueFunction(counts: 2...2, body: NumberFunctions.angle),
      "log": ValueFunction(counts: 1...2, body: NumberFunctions.logarithm),
      "pi": ValueFunction(counts: 0...0) { _ in .real(.pi) },
      "random": ValueFunction(counts: 0...0, isRandom: true) { _ in .integer(.random(in: .min ... .max)) },
      "randomblob": ValueFunction(
        counts: 1...1, isStrict: false, isRandom: true, body: NumberFunctions.randomBytes),
      "zeroblob": ValueFunction(counts: 1...1, isStrict: false, body: NumberFunctions.zeroBytes),
      "uuid": ValueFunction(counts: 0...0, isRandom: true) { _ in .uuid(.random()) },
    ]
    for (name, function) in NumberFunctions.ofOneNumber {
      table[name] = ValueFunction(counts: 1...1) { NumberFunctions.apply(function, $0) }
    }
    return table
  }()

  private static let texts: [String: ValueFunction] = [
    "printf": ValueFunction(counts: 1...127, isStrict: false, body: FormatFunction.apply),
    "format": ValueFunction(counts: 1...127, isStrict: false, body: FormatFunction.apply),
    "quote": ValueFunction(counts: 1...1, isStrict: false) { (call) throws(UpkeepError) in
      if case .blob(let bytes) = call.values[0], bytes.count > RowCodec.longestValue / 2 {
        throw UpkeepError(.limit, "quote() gives a text longer than \(RowCodec.longestValue) bytes")
      }
      return .text(call.values[0].quotedText)
    },
    "char": ValueFunction(counts: 0...127, isStrict: false, body: TextFunctions.characters),
    "unicode": ValueFunction(counts: 1...1, body: TextFunctions.firstScalar),
    "hex": ValueFunction(counts: 1...1, isStrict: false, body: TextFunctions.hex),
    "like": ValueFunction(counts: 2...3, body: TextFunctions.like),
    "glob": ValueFunction(counts: 2...2, body: TextFunctions.glob),
    "octet_length": ValueFunction(counts: 1...1) { .integer(Int64($0.values[0].castBytes.count)) },
    "concat": ValueFunction(counts: 1...127, isStrict: false) { (call) throws(UpkeepError) in
      try TextFunctions.joined(call.values, separator: "")
    },
    "concat_ws": ValueFunction(counts: 2...127, isStrict: false) { (call) throws(UpkeepError) in
      guard let separator = call.values[0].castText else { return .null }
      return try TextFunctions.joined(Array(call.values.dropFirst()), separator: separator)
    },
    "likely": ValueFunction(counts: 1...1, isStrict: false) { $0.values[0] },
    "unlikely": ValueFunction(counts: 1...1, isStrict: false) { $0.values[0] },
    "likelihood": ValueFunction(counts: 2...2, isStrict: false) { $0.values[0] },
  ]

  private static let dates: [String: ValueFunction] = [
    "date": ValueFunction(counts: 0...127, tellsTime: true, body: DateFunctions.date),
    "time": ValueFunction(counts: 0...127, tellsTime: true, body: DateFunctions.time),
    "datetime": ValueFunction(counts: 0...127, tellsTime: true, body: DateFunctions.dateAndTime),
    "julianday": ValueFunction(counts: 0...127, tellsTime: true, body: DateFunctions.julianDay),
    "unixepoch": ValueFunction(counts: 0...127, tellsTime: true, body: DateFunctions.unixSeconds),
    "strftime": ValueFunction(counts: 1...127, tellsTime: true, body: DateFunctions.formatted),
    "timediff": ValueFunction(counts: 2...2, tellsTime: true, body: DateFunctions.difference),
  ]

  private static let jsons: [String: ValueFunction] = [
    "->": ValueFunction(counts: 2...2, body: JSONFunctions.part),
    "->>": ValueFunction(counts: 2...2, body: JSONFunctions.partValue),
    "json": ValueFunction(counts: 1...1, body: JSONFunctions.compact),
    "json_array": ValueFunction(counts: 0...127, isStrict: false, body: JSONFunctions.array),
    "json_array_length": ValueFunction(counts: 1...2, body: JSONFunctions.arrayLength),
    "json_extract": ValueFunction(counts: 1...127, body: JSONFunctions.extract),
    "json_insert": ValueFunction(counts: 1...127, isStrict: false) { (call) throws(UpkeepError) in
      try JSONFunctions.change(call, .insert)
    },
    "json_object": ValueFunction(counts: 0...127, isStrict: false, body: JSONFunctions.object),
    "json_patch": ValueFunction(counts: 2...2, body: JSONFunctions.patch),
    "json_quote": ValueFunction(counts: 1...1, isStrict: false, body: JSONFunctions.quote),
    "json_remove": ValueFunction(counts: 1...127, body: JSONFunctions.remove),
    "json_replace": ValueFunction(counts: 1...127, isStrict: false) { (call) throws(UpkeepError) in
      try JSONFunctions.change(call, .replace)
    },
    "json_set": ValueFunction(counts: 1...127, isStrict: false) { (call) throws(UpkeepError) in
      try JSONFunctions.change(call, .set)
    },
    "json_type": ValueFunction(counts: 1...2, body: JSONFunctions.type),
    "json_valid": ValueFunction(counts: 1...1, isStrict: false, body: JSONFunctions.isValid),
  ]
}

/// One call of a `ValueFunction`.
struct ValueCall {
  let name: String
  let values: [Value]
  /// The statement's time; nil where the call does not say that it asks for it.
  let now: Timestamp?

  /// An error that names the function.
  func misuse(_ message: String) -> UpkeepError {
    var error = UpkeepError(.misuse, "\(name)(): \(message)")
    error.name = name
    return error
  }
}

/// A call of a `ValueFunction` in an expression.
final class ValueCallNode: ExpressionNode, @unchecked Sendable {
  private let name: String
  private let function: ValueFunction
  private let arguments: [ExpressionNode]
  private let readsClock: Bool

  init(_ name: String, _ function: ValueFunction, _ arguments: [ExpressionNode], readsClock: Bool) {
    self.name = name
    self.function = function
    self.arguments = arguments
    self.readsClock = readsClock
  }

  override func evaluate(_ context: EvaluationContext) throws(UpkeepError) -> Value {
    var values: [Value] = []
    values.reserveCapacity(arguments.count)
    for argument in arguments {
      let value = try argument.evaluate(context)
      if function.isStrict, value == .null { return .null }
      values.append(value)
    }
    let result = try function.body(ValueCall(name: name, values: values, now: readsClock ? context.now : nil))
    // What is a little too long is found here; what would be very much so, where it is made.
    switch result {
    case .text(let text) where text.utf8.count > RowCodec.longestValue: throw tooLong
    case .json(let text) where text.utf8.count > RowCodec.longestValue: throw tooLong
    default: return result
    }
  }

  private var tooLong: UpkeepError {
    UpkeepError(.limit, "\(name)() gives a text longer than \(RowCodec.longestValue) bytes")
  }
}
