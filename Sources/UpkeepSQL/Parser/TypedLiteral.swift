import Upkeep

/// Literals with their type before them: `TIMESTAMP '2024-01-31T12:00:00Z'`.
enum TypedLiteral {
  /// The value that a text means as a type.
  static func value(
    of text: String, as type: ValueType, at offset: Int, in source: SourceText
  ) throws(SyntaxError) -> Value {
    guard let value = Coercion.coerce(.text(text), to: type) else {
      throw source.error(
        .typeMismatch, "'\(text.prefix(60))' is no \(TypeNames.name(of: type))", at: offset)
    }
    return value
  }
}
