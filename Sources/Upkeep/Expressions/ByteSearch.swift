/// Finds bytes within bytes, in time that is linear in both, whatever they are.
///
/// It compares at each place where the first byte stands. Texts that are made so that most of such comparisons are in
/// vain, and long, are gone through by a sum over a window that is carried along; what has the right sum is compared.
struct ByteSearch {
  private let wanted: UnsafeRawBufferPointer
  /// How many bytes may be compared in vain, beyond four for each byte passed, before sums are made.
  private static let patience = 4_096

  /// The modulus of sums, a prime below 2^61.
  private static let modulus: UInt64 = (1 << 61) - 1
  private let base = UInt64.random(in: 1 << 32..<Self.modulus)

  init(_ wanted: UnsafeRawBufferPointer) { self.wanted = wanted }

  /// Where the bytes stand first at or after a place; nil if they do not. There is at least one.
  func first(in text: UnsafeRawBufferPointer, from start: Int = 0) -> Int? {
    guard let head = wanted.first else { return start }
    let last = text.count - wanted.count
    var place = start
    var inVain = 0
    while place <= last {
      if text[place] != head {
        place += 1
        continue
      }
      var length = 1
      while length < wanted.count, text[place + length] == wanted[length] { length += 1 }
      if length == wanted.count { return place }
      inVain += length
      place += 1
      if inVain > Self.patience + 4 * (place - start) { return bySums(text, from: place) }
    }
    return nil
  }

  private func bySums(_ text: UnsafeRawBufferPointer, from start: Int) -> Int? {
    let count = wanted.count
    guard start + count <= text.count else { return nil }
    var aim: UInt64 = 0
    var sum: UInt64 = 0
    var highest: UInt64 = 1
    for offset in 0..<count {
      aim = Self.sum(Self.product(aim, base), UInt64(wanted[offset]) + 1)
      sum = Self.sum(Self.product(sum, base), UInt64(text[start + offset]) + 1)
      if offset > 0 { highest = Self.product(highest, base) }
    }
    var place = start
    while true {
      if sum == aim, text[place..<place + count].elementsEqual(wanted) { return place }
      guard place + count < text.count else { return nil }
      let gone = Self.product(highest, UInt64(text[place]) + 1)
      sum = Self.sum(sum, Self.modulus - gone)
      sum = Self.sum(Self.product(sum, base), UInt64(text[place + count]) + 1)
      place += 1
    }
  }

  @inline(__always)
  private static func sum(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let total = a &+ b
    return total >= modulus ? total &- modulus : total
  }

  @inline(__always)
  private static func product(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let (high, low) = a.multipliedFullWidth(by: b)
    return sum(low & modulus, high << 3 | low >> 61)
  }
}

/// What patterns may cost: a text and a pattern that are made for it would take longer than anyone waits.
enum MatchLimit {
  /// How many characters may be looked at again because a match began in the wrong place.
  static let steps = 1 << 27

  static func exceeded(_ what: String) -> UpkeepError {
    UpkeepError(.limit, "\(what) takes more than \(steps) steps for this text; use a simpler pattern")
  }
}
