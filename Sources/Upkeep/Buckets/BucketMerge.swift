/// How a value comes to one that is there: an operator and its operand. Where there is none, the operand is stored as it is.
///
/// ```swift
/// try tx.merge(hits, "home", .add(5))
/// ```
public struct BucketMerge<Value: BucketValue> {
  let operand: Value
  let combine: (_ stored: Value, _ operand: Value) throws(UpkeepError) -> Value
  /// What makes the operand none that could be stored by itself.
  var check: (Value) throws(UpkeepError) -> Void = { _ in }

  /// An operator of your own.
  public init(
    _ operand: Value, _ combine: @escaping (_ stored: Value, _ operand: Value) throws(UpkeepError) -> Value
  ) {
    self.operand = operand
    self.combine = combine
  }

  func merged(_ stored: Value?) throws(UpkeepError) -> Value {
    guard let stored else {
      try check(operand)
      return operand
    }
    return try combine(stored, operand)
  }
}

extension BucketMerge where Value: FixedWidthInteger {
  /// The sum.
  ///
  /// - Throws: `overflow` if the type does not hold it.
  public static func add(_ operand: Value) -> BucketMerge {
    BucketMerge(operand) { stored, operand throws(UpkeepError) in
      let (sum, isOverflow) = stored.addingReportingOverflow(operand)
      if isOverflow {
        throw UpkeepError(.overflow, "\(stored) + \(operand) is more than a \(Value.bucketType) value holds")
      }
      return sum
    }
  }
}

extension BucketMerge where Value == Double {
  /// The sum.
  public static func add(_ operand: Double) -> BucketMerge { BucketMerge(operand) { $0 + $1 } }
}

extension BucketMerge where Value: Comparable {
  /// The lesser one.
  public static func min(_ operand: Value) -> BucketMerge { BucketMerge(operand) { Swift.min($0, $1) } }
  /// The greater one.
  public static func max(_ operand: Value) -> BucketMerge { BucketMerge(operand) { Swift.max($1, $0) } }
}

extension BucketMerge where Value: RangeReplaceableCollection {
  /// The stored one, then the operand.
  public static func append(_ operand: Value) -> BucketMerge { BucketMerge(operand) { $0 + $1 } }
}

extension BucketMerge where Value == String {
  /// A JSON merge patch (RFC 7396) on JSON text.
  ///
  /// - Throws: `badInput` if one of the two is not JSON.
  public static func json(_ patch: String) -> BucketMerge {
    func patched(_ stored: String, _ patch: String) throws(UpkeepError) -> String {
      guard let result = JSONPatch.apply(patch, to: stored) else {
        throw UpkeepError(.badInput, "a JSON patch needs JSON: \(patch) cannot be applied to \(stored)")
      }
      return result
    }
    var merge = BucketMerge(patch, patched)
    merge.check = { patch throws(UpkeepError) in _ = try patched("{}", patch) }
    return merge
  }
}

/// What an insert into a bucket found.
public enum BucketInsertion<Value> {
  /// There was none: it is in the bucket now.
  case inserted
  /// There was one, which is left as it is.
  case ignored(existing: Value)
}

extension BucketInsertion: Sendable where Value: Sendable {}
extension BucketInsertion: Equatable where Value: Equatable {}

/// What becomes of a value that is there when one comes for its key.
public enum BucketAction<Value: BucketValue> {
  /// It becomes the new one.
  case replace
  /// It is left as it is.
  case ignore
  /// It becomes what is made of the two.
  case merge((_ stored: Value, _ incoming: Value) throws(UpkeepError) -> Value)
}

/// What an upsert of many values did with each.
public struct BucketResult: Sendable, Hashable, CustomStringConvertible {
  /// Keys that were not there before.
  public var inserted = 0
  /// Values that changed.
  public var updated = 0
  /// Values that would have become what they were.
  public var unchanged = 0
  /// Values that were left alone.
  public var ignored = 0

  /// Nothing was given.
  public init() {}

  /// How many were given.
  public var given: Int { inserted + updated + unchanged + ignored }

  /// The counts, as a person reads them.
  public var description: String {
    UpsertResult.description(of: [
      .inserted: inserted, .updated: updated, .unchanged: unchanged, .ignored: ignored,
    ])
  }
}
