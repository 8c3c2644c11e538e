/// A LIKE pattern without `_`: texts that occur one after the other, with anything between them.
///
/// A text is looked for at eight places at once, by its first and its last byte.
final class LiteralPieces: @unchecked Sendable {
  /// A text between two runs, in lower case.
  private struct Piece {
    let start: UnsafePointer<UInt8>
    let count: Int
    /// Its first and last byte, eight times each, and what makes a letter lower case.
    let first: UInt64
    let last: UInt64
    let firstFold: UInt64
    let lastFold: UInt64

    init(_ start: UnsafePointer<UInt8>, count: Int) {
      self.start = start
      self.count = count
      first = Self.eight(start[0])
      last = Self.eight(start[count - 1])
      firstFold = Self.fold(start[0])
      lastFold = Self.fold(start[count - 1])
    }

    private static func eight(_ byte: UInt8) -> UInt64 { UInt64(byte) &* 0x0101_0101_0101_0101 }
    private static func fold(_ byte: UInt8) -> UInt64 { eight(byte &- 0x61 < 26 ? 0x20 : 0) }
  }

  private let bytes: UnsafeMutablePointer<UInt8>
  private let pieces: UnsafeMutableBufferPointer<Piece>
  /// Whether the first piece is where the text begins, and the last one where it ends.
  private let isAtBeginning: Bool
  private let isAtEnd: Bool
  /// Whether the pattern is one text and nothing else.
  private let isWhole: Bool

  /// - Parameters:
  ///   - texts: the texts before, between and behind the runs, in lower case; the outer ones may be empty.
  init(_ texts: [[UInt8]]) {
    bytes = .allocate(capacity: max(1, texts.reduce(0) { $0 + $1.count }))
    var made: [Piece] = []
    var place = bytes
    for text in texts where !text.isEmpty {
      place.initialize(from: text, count: text.count)
      made.append(Piece(UnsafePointer(place), count: text.count))
      place += text.count
    }
    pieces = .allocate(capacity: made.count)
    _ = pieces.initialize(from: made)
    isWhole = texts.count == 1
    isAtBeginning = texts.first?.isEmpty == false
    isAtEnd = texts.last?.isEmpty == false
  }

  deinit {
    bytes.deallocate()
    pieces.deallocate()
  }

  /// - Parameter most: how many bytes may be compared in vain.
  /// - Returns: nil if that were too few.
  func matched(_ text: UnsafeRawBufferPointer, most: Int = MatchLimit.steps) -> Bool? {
    guard let start = text.baseAddress, text.count > 0 else { return pieces.isEmpty }
    if isWhole {
      guard let piece = pieces.first else { return false }
      return text.count == piece.count && Self.lies(piece, start)
    }
    var (from, to) = (0, text.count)
    var (next, end) = (0, pieces.count)
    if isAtBeginning {
      guard pieces[0].count <= to, Self.lies(pieces[0], start) else { return false }
      from = pieces[0].count
      next = 1
    }
    if isAtEnd {
      end &-= 1
      guard from &+ pieces[end].count <= to, Self.lies(pieces[end], start + (to &- pieces[end].count)) else {
        return false
      }
      to &-= pieces[end].count
    }
    var left = most
    while next < end {
      let place = Self.find(pieces[next], start, from, to, &left)
      if place < 0 { return left < 0 ? nil : false }
      from = place &+ pieces[next].count
      next &+= 1
    }
    return true
  }

  /// How many bytes of a piece lie at a place, whatever the case of its letters.
  @inline(__always)
  private static func common(_ piece: Piece, _ place: UnsafeRawPointer) -> Int {
    var offset = 0
    while offset < piece.count,
      TextBytes.folded(place.load(fromByteOffset: offset, as: UInt8.self)) == piece.start[offset]
    { offset &+= 1 }
    return offset
  }

  @inline(__always)
  private static func lies(_ piece: Piece, _ place: UnsafeRawPointer) -> Bool {
    common(piece, place) == piece.count
  }

  /// The first place of a piece between two places; -1 if there is none, or too much was compared in vain.
  @inline(__always)
  private static func find(
    _ piece: Piece, _ text: UnsafeRawPointer, _ from: Int, _ to: Int, _ left: inout Int
  ) -> Int {
    // The last place where it can begin.
    let end = to &- piece.count
    var at = from
    while at <= end {
      var place = at
      if at &+ 7 > end {
        if end < 7 { return findSlowly(piece, text, at, end) }
        // The last eight places, some of which were looked at.
        place = end &- 7
      }
      var candidates = candidates(piece, text + place)
      if place < at { candidates &= ~0 << UInt64(8 &* (at &- place)) }
      while candidates != 0 {
        let found = place &+ candidates.trailingZeroBitCount >> 3
        if piece.count <= 2 { return found }
        let common = common(piece, text + found)
        if common == piece.count { return found }
        left &-= common
        if left < 0 { return -1 }
        candidates &= candidates &- 1
      }
      at = place &+ 8
    }
    return -1
  }

  /// The upper bit of each byte, of eight, where the piece's first byte is and its last byte is as far behind as it must.
  @inline(__always)
  private static func candidates(_ piece: Piece, _ place: UnsafeRawPointer) -> UInt64 {
    let first = UInt64(littleEndian: place.loadUnaligned(as: UInt64.self))
    let last = UInt64(
      littleEndian: place.loadUnaligned(fromByteOffset: piece.count &- 1, as: UInt64.self))
    let difference = ((first | piece.firstFold) ^ piece.first) | ((last | piece.lastFold) ^ piece.last)
    let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
    return ~(((difference & low) &+ low) | difference | low)
  }

  private static func findSlowly(_ piece: Piece, _ text: UnsafeRawPointer, _ from: Int, _ end: Int) -> Int {
    var at = from
    while at <= end {
      if lies(piece, text + at) { return at }
      at &+= 1
    }
    return -1
  }
}
