import Foundation
import Testing
import UpkeepTestSupport

@testable import Upkeep

/// CSV and JSON as this library reads them, against Python's `csv` and `json` on the same awkward texts. Where Python is not
/// there, nothing is compared, and it is said.
///
/// Python is asked in one process for all texts: hexadecimal lines in, a line of JSON out for each.
@Suite struct PythonReaderTests {
  private static let program = """
    import csv, io, json, sys
    csv.field_size_limit(1 << 30)
    def pairs(p):
        names = [k for k, _ in p]
        return dict(p, **{"$twice": True}) if len(set(names)) != len(names) else dict(p)
    def no(x): raise ValueError(x)
    for line in sys.stdin:
        kind, hexes = line.rstrip("\\n").split(" ")
        data = bytes.fromhex(hexes)
        try:
            text = data.decode("utf-8")
            if text.startswith("\\ufeff"): text = text[1:]
            if kind == "csv":
                rows = [r for r in csv.reader(io.StringIO(text, newline=""), strict=True) if r != []]
                print(json.dumps(rows))
            elif kind == "json":
                value = [json.loads(text, parse_float=str, parse_int=str, parse_constant=no, object_pairs_hook=pairs)]
                if isinstance(value[0], dict):
                    if "$twice" in value[0]: raise ValueError("twice")
                    # What lies in nested values is gone over here, and not made text.
                    value[0] = {k: ["nested"] if isinstance(v, (list, dict)) else v for k, v in value[0].items()}
                json.dumps(value, ensure_ascii=False).encode("utf-8")
                print(json.dumps(value))
        except (ValueError, csv.Error, RecursionError):
            print("null")
    """

  /// What Python makes of texts: nil where it finds one wrong; nil altogether without Python.
  private func python(_ kind: String, _ texts: [[UInt8]]) throws -> [Any?]? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", Self.program]
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "upkeep-python-\(UUID().uuidString)")
    let lines = texts.map { text in "\(kind) \(text.map { String(format: "%02x", $0) }.joined())\n" }.joined()
    try Data(lines.utf8).write(to: folder)
    defer { try? FileManager.default.removeItem(at: folder) }
    process.standardInput = try FileHandle(forReadingFrom: folder)
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let answer = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      print("python3 is not there: CSV and JSON are not compared with it")
      return nil
    }
    return try answer.split(separator: "\n").map { line in
      line == "null"
        ? nil : try JSONSerialization.jsonObject(with: Data(line.utf8), options: .fragmentsAllowed)
    }
  }

  // MARK: - CSV

  func rows(_ text: [UInt8], chunk: Int) -> [[String]]? {
    let reader = CSVReader(MemoryByteSource(text, chunkSize: chunk), bufferSize: 64)
    var rows: [[String]] = []
    do {
      while try reader.next() {
        if reader.problem != nil { return nil }
        rows.append((0..<reader.fieldCount).map { String(decoding: reader.bytes($0), as: UTF8.self) })
      }
    } catch {
      return nil
    }
    return rows
  }

  @Test("Random CSV is read as Python reads it")
  func csv() throws {
    var random = SeededGenerator(seed: firstSeed())
    let pieces = [
      ",", ",", "\"", "\"\"", "\n", "\r\n", "a", "bc", "é", "日本", "\u{1F6EB}", " ", "\t", "'", "\\", "1.5",
      "\"x\"", "\"a,b\"",
      "\"a\nb\"", "\"a\r\nb\"", "\"say \"\"hi\"\"\"", ";", "|", "NULL", "-",
    ]
    let texts = (0..<4000).map { _ -> [UInt8] in
      let text = (0..<(1 + random.below(24))).map { _ in random.pick(pieces) }.joined()
      return Array(((random.oneIn(20) ? "\u{FEFF}" : "") + text).utf8)
    }
    guard let answers = try python("csv", texts) else { return }
    #expect(answers.count == texts.count)
    var compared = 0
    for (text, answer) in zip(texts, answers) {
      let ours = rows(text, chunk: 1 + random.below(9))
      // Python passes over nothing but wholly empty lines, as this reader does.
      let theirs = answer as? [[String]]
      #expect(
        ours == theirs, "seed \(random.seed): \(String(decoding: text, as: UTF8.self).debugDescription)")
      if ours != nil { compared += 1 }
    }
    #expect(compared > 1000)
  }

  // MARK: - JSON

  /// A record's members as Python tells of them, numbers as they are written.
  func members(_ text: [UInt8], chunk: Int) -> [String: Any]? {
    let reader = JSONReader(MemoryByteSource(text, chunkSize: chunk), format: .jsonl, bufferSize: 64)
    guard (try? reader.next()) == true, reader.problem == nil, reader.isObject else { return nil }
    var members: [String: Any] = [:]
    for member in 0..<reader.memberCount {
      guard let name = (try? reader.name(member)).map({ String(decoding: $0, as: UTF8.self) }) else {
        return nil
      }
      guard members[name] == nil, let value = value(reader, member) else { return nil }
      members[name] = value
    }
    guard (try? reader.next()) == false else { return nil }
    return members
  }

  private func value(_ reader: JSONReader, _ member: Int) -> Any? {
    let text = String(decoding: reader.value(member), as: UTF8.self)
    switch reader.kind(member) {
    case .null: return NSNull()
    case .boolean(let boolean): return boolean
    case .number: return text
    case .string: return (try? reader.text(member)).map { String(decoding: $0, as: UTF8.self) }
    case .object, .array: return ["nested"]
    }
  }

  func comparable(_ value: Any) -> String {
    switch value {
    case is NSNull: "null"
    case is [Any], is [String: Any]: "nested"
    case let number as NSNumber where isBoolean(number): number.boolValue ? "true" : "false"
    default: "<\(value)>"
    }
  }

  /// Booleans of a parsed JSON text are numbers of a kind of their own.
  private func isBoolean(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }

  @Test("Random JSON objects are read as Python reads them, and what is none is none to both")
  func json() throws {
    var random = SeededGenerator(seed: firstSeed())
    let strings = [
      "\"\"", "\"a\"", "\"é日本\u{1F6EB}\"", "\"\\u00e9\"", "\"\\ud83d\\udeeb\"",
      "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"a\\u0020b\"", "\"{,]\"",
      "\"x\\y\"", "\"\\u12\"", "\"tab\tin\"", "\"open",
    ]
    let scalars = [
      "0", "-0", "1.5", "1e3", "-1E+5", "12345678901234567890", "01", "1.", ".5", "+1", "1e", "true", "false",
      "null", "NaN", "Infinity", "True",
      "nul",
    ]
    func value(_ depth: Int) -> String {
      switch random.below(depth > 3 ? 2 : 4) {
      case 0: return random.pick(random.oneIn(4) ? strings : Array(strings.prefix(8)))
      case 1: return random.pick(random.oneIn(4) ? scalars : Array(scalars.prefix(6)))
      case 2:
        return "["
          + (0..<random.below(4)).map { _ in value(depth + 1) }.joined(
            separator: random.oneIn(30) ? ",," : ", ") + "]"
      default: return object(depth + 1)
      }
    }
    func object(_ depth: Int) -> String {
      let names = [
        "\"a\"", "\"b\"", "\"\\u0061\"", "\"é\"", "\"\"", "\"long name\"", random.oneIn(20) ? "a" : "\"c\"",
      ]
      var members = (0..<random.below(5)).map { _ in
        random.pick(names) + random.pick([":", ": ", " :\t"]) + value(depth)
      }
      if depth > 0 {
        // Python's names in nested objects are looked at too, which here are only gone over.
        members = members.enumerated().map { "\"\($0)\":" + $1.drop { $0 != ":" }.dropFirst() }
      }
      return "{" + members.joined(separator: random.pick([",", " , "])) + (random.oneIn(40) ? "," : "") + "}"
    }
    let texts = (0..<4000).map { _ -> [UInt8] in
      var bytes = Array(
        ((random.oneIn(30) ? "\u{FEFF}" : "") + object(0) + (random.oneIn(40) ? " x" : "")).utf8)
      if random.oneIn(20), !bytes.isEmpty { bytes.remove(at: random.below(bytes.count)) }
      return bytes
    }
    guard let answers = try python("json", texts) else { return }
    #expect(answers.count == texts.count)
    var compared = 0
    for (text, answer) in zip(texts, answers) {
      let ours = members(text, chunk: 1 + random.below(9))?.mapValues(comparable)
      let theirs = ((answer as? [Any])?.first as? [String: Any])?.mapValues(comparable)
      #expect(ours == theirs, "seed \(random.seed): \(String(decoding: text, as: UTF8.self))")
      if ours != nil { compared += 1 }
    }
    #expect(compared > 1000)
  }
}
