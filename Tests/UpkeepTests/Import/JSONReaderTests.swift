import Testing
import UpkeepTestSupport

@testable import Upkeep

/// What a reader made of a text: each record as `line: name=value|…`, problems as `!`, an error as `!!`.
private func read(
  _ text: [UInt8], _ format: FeedFormat, chunk: Int = .max, buffer: Int = 64
) -> [String] {
  let reader = JSONReader(MemoryByteSource(text, chunkSize: chunk), format: format, bufferSize: buffer)
  var lines: [String] = []
  do {
    while try reader.next() {
      if let problem = reader.problem {
        lines.append("! line \(reader.line): \(problem.message)")
        continue
      }
      let members = (0..<reader.memberCount).map { member in
        let value = shown(reader, member)
        guard reader.isObject else { return value }
        let name = (try? reader.name(member)).map { String(decoding: $0, as: UTF8.self) } ?? "?"
        return "\(name)=\(value)"
      }
      lines.append("\(reader.line): \(members.joined(separator: "|"))")
    }
  } catch {
    lines.append("!! line \(error.rowNumber ?? 0): \(error.message)")
  }
  return lines
}

private func shown(_ reader: JSONReader, _ member: Int) -> String {
  guard case .string = reader.kind(member) else {
    return String(decoding: reader.value(member), as: UTF8.self)
  }
  do {
    return "<\(String(decoding: try reader.text(member), as: UTF8.self))>"
  } catch {
    return "?\(error.message)"
  }
}

@Suite struct JSONReaderTests {
  private static let lineTexts: [(text: String, expected: [String])] = [
    ("", []),
    ("\n \n", []),
    ("{}", ["1: "]),
    ("{\"a\":1}\n{\"b\":\"x\"}\n", ["1: a=1", "2: b=<x>"]),
    (
      "\u{FEFF}{\"a\":1}\r\n\r\n {\"a\" : null , \"b\":[1, {\"c\":2}]}\t\r\n",
      ["1: a=1", "3: a=null|b=[1, {\"c\":2}]"]
    ),
    (
      "{\"a\":-0,\"b\":1e3,\"c\":18446744073709551616,\"d\":0.1}",
      ["1: a=-0|b=1e3|c=18446744073709551616|d=0.1"]
    ),
    ("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"}", ["1: a=<\"\\/\u{8}\u{C}\n\r\té>"]),
    ("{\"\\u0061\":\"\\ud83d\\uDEEB\"}", ["1: a=<\u{1F6EB}>"]),
    ("[1,\"two\",null,true]", ["1: 1|<two>|null|true"]),
    ("{\"a\":true,\"b\":false,\"c\":\"é日本\"}", ["1: a=true|b=false|c=<é日本>"]),
    (
      "{\"a\":\"\\ud83d\"}", ["1: a=?a string holds \\ud83d, half of a surrogate pair, which is no character"]
    ),
    (
      "{\"a\":\"\\udeeb\\ud83d\"}",
      ["1: a=?a string holds \\udeeb, half of a surrogate pair, which is no character"]
    ),
    ("{\"a\":\"\\u0000\"}", ["1: a=?a string holds \\u0000, a NUL; text cannot"]),
    (
      "{\"a\":1\n{\"a\":2}\nnonsense\n{\"a\":3}",
      [
        "! line 1: no JSON at column 7: the line ends within a value", "2: a=2",
        "! line 3: no JSON at column 2: null is expected here", "4: a=3",
      ]
    ),
    (
      "7\n\"x\"\n{\"a\":1} x",
      [
        "! line 1: the record is no object; it must be {…}, with a name for each value",
        "! line 2: the record is no object; it must be {…}, with a name for each value",
        "! line 3: no JSON at column 9: something follows the record",
      ]
    ),
    ("{a:1}", ["! line 1: no JSON at column 2: a name in double quotes is expected here"]),
    ("{\"a\" 1}", ["! line 1: no JSON at column 6: a colon is expected here"]),
    ("{\"a\":1,}", ["! line 1: no JSON at column 8: a name in double quotes is expected here"]),
    ("{\"a\":01}", ["! line 1: no JSON at column 7: a comma or } is expected here"]),
    ("{\"a\":+1}", ["! line 1: no JSON at column 6: a value is expected here"]),
    ("{\"a\":1.}", ["! line 1: no JSON at column 8: a digit is expected here"]),
    ("{\"a\":NaN}", ["! line 1: no JSON at column 6: a value is expected here"]),
    ("{\"a\":'x'}", ["! line 1: no JSON at column 6: a value is expected here"]),
    ("{\"a\":\"\\x\"}", ["! line 1: no JSON at column 8: one of \" \\ / b f n r t u is expected here"]),
    ("{\"a\":\"\\u12g4\"}", ["! line 1: no JSON at column 11: a hexadecimal digit is expected here"]),
    ("{\"a\":[1,2}}", ["! line 1: no JSON at column 10: a comma or ] is expected here"]),
    (
      "{\"a\":\"x\ty\"}",
      [
        "! line 1: no JSON at column 8: a control character stands in a string; write it as an escape"
      ]
    ),
  ]

  @Test(
    "Each line of JSONL is a record, and one that is no JSON is a problem of its own",
    arguments: lineTexts.indices)
  func lines(_ index: Int) {
    let (text, expected) = Self.lineTexts[index]
    #expect(read(Array(text.utf8), .jsonl) == expected)
    #expect(read(Array(text.utf8), .jsonl, chunk: 1) == expected)
  }

  private static let arrayTexts: [(text: String, expected: [String])] = [
    ("[]", []),
    (" \n[ \n] \n", []),
    ("[{\"a\":1},{\"a\":2}]", ["1: a=1", "1: a=2"]),
    ("\u{FEFF}[\n  {\n    \"a\": 1\n  },\n  {\"a\": \"x\"}, {}\n]\n", ["2: a=1", "5: a=<x>", "5: "]),
    (
      "[1, [2, 3], {\"a\":{\"b\":[]}}]",
      [
        "! line 1: the record is no object; it must be {…}, with a name for each value", "1: 2|3",
        "1: a={\"b\":[]}",
      ]
    ),
    ("", ["!! line 1: the file ends within its array; is it whole?"]),
    ("[{\"a\":1}", ["1: a=1", "!! line 1: the file ends within its array; is it whole?"]),
    ("[{\"a\":1},\n{\"a\":\"x", ["1: a=1", "!! line 2: the file ends within its array; is it whole?"]),
    ("[{\"a\":1}\n{\"a\":2}]", ["1: a=1", "!! line 2: no JSON: a comma or ] is expected here"]),
    ("[{\"a\":1},\n]", ["1: a=1", "!! line 2: no JSON: a value is expected here"]),
    ("[{\"a\":1}] x", ["1: a=1", "!! line 1: no JSON: something follows the end of the array"]),
    (
      "{\"a\":1}\n{\"a\":2}\n",
      [
        "!! line 1: no JSON: a JSON feed is an array of objects, and begins with [; --as jsonl takes one object a line"
      ]
    ),
    ("[{\"a\":1},\n\n{\"a\"\n:tru}]", ["1: a=1", "!! line 4: no JSON: true is expected here"]),
  ]

  @Test(
    "The elements of an array are records; what is no JSON ends the reading at its line",
    arguments: arrayTexts.indices)
  func arrays(_ index: Int) {
    let (text, expected) = Self.arrayTexts[index]
    #expect(read(Array(text.utf8), .json) == expected)
    #expect(read(Array(text.utf8), .json, chunk: 1) == expected)
  }

  @Test("A record that is not UTF-8 is a problem of its own, in an array too")
  func notUTF8() {
    let text = Array("[{\"a\":\"".utf8) + [0xFF] + Array("\"},{\"a\":1}]".utf8)
    let expected = ["! line 1: the record is not UTF-8; convert the file to UTF-8", "1: a=1"]
    #expect(read(text, .json) == expected)
    #expect(read([0xFF, 0xFE, 0x7B], .jsonl) == ["!! line 1: the file is UTF-16; convert it to UTF-8"])
  }

  @Test("Depth has a limit that is an error, however deep")
  func depth() {
    let open = String(repeating: "[", count: 499)
    let close = String(repeating: "]", count: 499)
    #expect(read(Array("{\"a\":[\(open)\(close)]}".utf8), .jsonl).first?.hasPrefix("1: a=[[[") == true)
    let deep = String(repeating: "[", count: 100_000)
    #expect(
      read(Array("{\"a\":\(deep)".utf8), .jsonl) == [
        "! line 1: no JSON at column 507: arrays and objects lie in one another more than 500 deep"
      ])
    #expect(read(Array("{\"a\":\(deep)".utf8), .json, buffer: 256 << 10).count == 1)
  }

  @Test("However a text is cut into pieces, what is read is the same")
  func pieces() {
    var random = SeededGenerator(seed: firstSeed())
    let pieces = [
      "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u00e9", "a", "1", "-", ".5", "e3", "null", "true", " ",
      "\n", "é", "{\"a\":1}", "\"b\"",
    ]
    for _ in 0..<2000 {
      let count = Int.random(in: 1...30, using: &random)
      let text = Array((0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined().utf8)
      for format in [FeedFormat.json, .jsonl] {
        let whole = read(text, format, buffer: 1 << 12)
        let cut = read(text, format, chunk: Int.random(in: 1...5, using: &random))
        #expect(whole == cut, "seed \(random.seed): \(String(decoding: text, as: UTF8.self))")
      }
    }
  }

  @Test("Whole numbers are read exactly in every form, and others are none")
  func wholeNumbers() {
    let numbers: [(String, Int64?)] = [
      ("0", 0), ("-0", 0), ("1e3", 1000), ("12.50e1", 125), ("7.0", 7), ("-9223372036854775808", .min),
      ("9223372036854775807", .max), ("9223372036854775808", nil),
      ("9007199254740993.0", 9_007_199_254_740_993),
      ("9007199254740993e0", 9_007_199_254_740_993), ("90071992547409930e-1", 9_007_199_254_740_993),
      ("1.5", nil), ("1e19", nil), ("1e-1", nil), ("0e999999", 0), ("1e999999", nil), ("10e-1", 1),
      ("0.0", 0),
      ("-1.20e2", -120), ("100000000000000000000e-18", 100), ("x", nil), ("", nil),
    ]
    for (text, expected) in numbers {
      let found = Array(text.utf8).withUnsafeBytes { NumberParser.wholeNumber($0) }
      #expect(found == expected, "\(text)")
    }
  }

  @Test("The lines of records are known by number, also where their distances change")
  func recordLines() {
    var random = SeededGenerator(seed: firstSeed())
    var lines = RecordLines()
    var expected: [Int] = []
    var line = 1
    for number in 1...5000 {
      lines.note(number, line)
      expected.append(line)
      line += number % 7 == 0 ? Int.random(in: 0...3, using: &random) : number < 2500 ? 3 : 0
      if number % 1000 == 0 { line = 1 }
    }
    for number in 1...5000 { #expect(lines.line(of: number) == expected[number - 1], "record \(number)") }
  }
}
