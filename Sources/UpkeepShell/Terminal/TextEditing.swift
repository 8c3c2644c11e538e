extension String {
  /// The text with another one in place of each byte that is `byte`, which is ASCII. By bytes, for a sign with an accent
  /// behind it is another character but must not get through where a sign ends something.
  func replacing(_ byte: UInt8, by text: String) -> String {
    guard utf8.contains(byte) else { return self }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(utf8.count + 8)
    for next in utf8 {
      if next == byte { bytes += text.utf8 } else { bytes.append(next) }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The text as it stands between quotes that it may itself have in it: these twice.
  func doubling(_ quote: Character) -> String {
    guard let byte = quote.asciiValue else { return self }
    return replacing(byte, by: "\(quote)\(quote)")
  }
}

extension StringProtocol {
  /// The text without what stands at its ends and is meant.
  func trimmed(of isMeant: (Character) -> Bool) -> String {
    let rest = drop(while: isMeant)
    guard let last = rest.lastIndex(where: { !isMeant($0) }) else { return "" }
    return String(rest[...last])
  }

  /// The text without blanks and line ends around it.
  var trimmed: String { trimmed { $0.isWhitespace } }
}
