public import Upkeep

/// Values for the parameters of a text: `?` and `?2` by place, `:name`, `@name` and `$name` by name.
///
///     try store.execute("INSERT INTO t VALUES (?, ?)", [.integer(1), .text("one")])
///     try store.execute("DELETE FROM t WHERE id = :id", ["id": .integer(1)])
public struct SQLParameters: Sendable, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
  /// Values by place, the first for `?1`.
  public var positional: [Value]
  /// Values by name, without the sign before it.
  public var named: [String: Value]

  /// Values by place, by name, or both.
  public init(_ positional: [Value] = [], named: [String: Value] = [:]) {
    self.positional = positional
    self.named = named
  }

  /// Values by place.
  public init(arrayLiteral elements: Value...) { self.init(elements) }

  /// Values by name; of two for one name the last counts.
  public init(dictionaryLiteral elements: (String, Value)...) {
    self.init([], named: Dictionary(elements, uniquingKeysWith: { $1 }))
  }
}

/// The parameters of one statement as it is read: given values take their places at once; without any they
/// stay parameters, numbered as SQLite numbers them.
struct ParameterList: Sendable {
  /// The highest number of a parameter.
  static let highest = 32_766

  private let values: SQLParameters?
  private var numbers: [String: Int] = [:]
  private var count = 0
  /// Whether the statement has any.
  private(set) var isUsed = false

  init(_ values: SQLParameters?) { self.values = values }

  /// The names of the parameters read so far, by number.
  var names: [String?] {
    var names = [String?](repeating: nil, count: count)
    for (name, number) in numbers { names[number - 1] = name }
    return names
  }

  /// Numbers begin anew with each statement.
  mutating func beginStatement() {
    numbers = [:]
    count = 0
    isUsed = false
  }

  /// What a parameter stands for; a message if it is not allowed or has no value.
  mutating func resolve(_ token: String) -> Result<Expression, ParameterError> {
    isUsed = true
    if token.hasPrefix("?") {
      let number = token == "?" ? count + 1 : Int(token.dropFirst()) ?? .max
      guard (1...Self.highest).contains(number) else {
        return .failure(ParameterError("parameters are numbered from ?1 to ?\(Self.highest)"))
      }
      count = max(count, number)
      guard let values else { return .success(.parameter(number)) }
      guard number <= values.positional.count else {
        let given = values.positional.count
        return .failure(
          ParameterError("parameter ?\(number) has no value; \(given) \(given == 1 ? "was" : "were") given"))
      }
      return .success(.literal(values.positional[number - 1].sound))
    }
    let name = String(token.dropFirst())
    if let values {
      guard let value = values.named[name] else {
        return .failure(ParameterError("parameter \(token) has no value"))
      }
      return .success(.literal(value.sound))
    }
    let number = numbers[token] ?? count + 1
    guard number <= Self.highest else {
      return .failure(ParameterError("a statement has at most \(Self.highest) parameters"))
    }
    numbers[token] = number
    count = max(count, number)
    return .success(.parameter(number))
  }
}

/// Why a parameter cannot stand where it does.
struct ParameterError: Error {
  let message: String

  init(_ message: String) { self.message = message }
}
