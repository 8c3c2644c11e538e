internal import UpkeepStorage

/// A rejected record of a JSON feed as a line that can be loaded again.
package enum JSONReject {
  /// The record on one line, its members as they were, with four more that say why; what an earlier load said of it is
  /// left out. A record that is no object stands as text under `_raw`.
  package static func line(
    _ record: UnsafeRawBufferPointer, number: Int, because error: UpkeepError
  ) -> [UInt8] {
    let members = (try? members(of: record)) ?? raw(record)
    let reasons: [(String, String)] = [
      ("_line", String(number)), ("_reason", JSONText.quoted(error.message)),
      ("_index", error.index.map(JSONText.quoted) ?? "null"),
      ("_existing", error.existingKey.map(JSONText.quoted) ?? "null"),
    ]
    var line: [UInt8] = [UInt8(ascii: "{")]
    for member in members + reasons.map({ Array("\"\($0)\":\($1)".utf8) }) {
      if line.count > 1 { line.append(UInt8(ascii: ",")) }
      line += member
    }
    line.append(UInt8(ascii: "}"))
    return line
  }

  private static func raw(_ record: UnsafeRawBufferPointer) -> [[UInt8]] {
    [
      Array(
        "\"\(FeedNames.rawName)\":\(JSONText.quoted(TextBytes.string(record).replacing("\0", with: "\u{FFFD}")))"
          .utf8)
    ]
  }

  private struct NoObject: Error {}

  /// The members as they stand, without line ends, which in JSON are blanks.
  private static func members(of record: UnsafeRawBufferPointer) throws -> [[UInt8]] {
    let source = MemoryByteSource(Array(record))
    let reader = JSONReader(source, format: .json, bufferSize: record.count + 2)
    guard try reader.readAlone(), reader.isObject, reader.problem == nil else { throw NoObject() }
    var members: [[UInt8]] = []
    for member in 0..<reader.memberCount {
      let name = (try? reader.name(member)).map { TextBytes.string($0) }
      if let name, FeedNames.rejectNames.contains(name) { continue }
      members.append(reader.member(member).map { $0 == 10 || $0 == 13 ? 0x20 : $0 })
    }
    return members
  }
}
