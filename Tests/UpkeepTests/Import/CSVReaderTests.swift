import Testing

@testable import Upkeep

/// What a reader made of a text: fields joined by `|`, quoted ones in `<>`, with their line; problems as `!`.
private func read(
  _ text: [UInt8], _ format: CSVReader.Format = .csv, chunk: Int = .max, buffer: Int = 64,
  emptyLines: Bool = false
) -> [String] {
  let reader = CSVReader(MemoryByteSource(text, chunkSize: chunk), format: format, bufferSize: buffer)
  reader.skipsEmptyLines = !emptyLines
  var lines: [String] = []
  do {
    while try reader.next() {
      if let problem = reader.problem {
        lines.append("! line \(problem.rowNumber ?? 0): \(problem.message)")
        continue
      }
      let fields = (0..<reader.fieldCount).map { field in
        let text = String(decoding: reader.bytes(field), as: UTF8.self)
        return reader.wasQuoted(field) ? "<\(text)>" : text
      }
      lines.append("\(reader.line): \(fields.joined(separator: "|"))")
    }
  } catch {
    lines.append("!! line \(error.rowNumber ?? 0): \(error.message)")
  }
  return lines
}

@Suite struct CSVReaderTests {
  private static let files: [(text: String, expected: [String])] = [
    ("", []),
    ("\n\n", []),
    ("a", ["1: a"]),
    ("a,b\n", ["1: a|b"]),
    ("a,b\r\nc,d\r\n", ["1: a|b", "2: c|d"]),
    ("a,b\rc,d\r", ["1: a|b", "2: c|d"]),
    ("a,b\n\n\r\n\rc,d", ["1: a|b", "5: c|d"]),
    (",", ["1: |"]),
    ("a,", ["1: a|"]),
    (",\n,", ["1: |", "2: |"]),
    ("\"a\",\"\",\"b,c\"", ["1: <a>|<>|<b,c>"]),
    ("\"say \"\"hi\"\"\",x", ["1: <say \"hi\">|x"]),
    ("\"\"\"\"", ["1: <\">"]),
    ("\"\"\"a\"\"\"\"\"\n", ["1: <\"a\"\">"]),
    ("\"one\ntwo\",x\ny,z", ["1: <one\ntwo>|x", "3: y|z"]),
    ("\"one\r\ntwo\rthree\"\ny", ["1: <one\r\ntwo\rthree>", "4: y"]),
    ("6\" pipe,a\"b\"c", ["1: 6\" pipe|a\"b\"c"]),
    (" \"a\" ,b", ["1:  \"a\" |b"]),
    ("\u{FEFF}a,b\n", ["1: a|b"]),
    ("\u{FEFF}\"a\",b\n", ["1: <a>|b"]),
    ("\u{FEFF}", []),
    ("é,日本,\u{1F6EB}", ["1: é|日本|\u{1F6EB}"]),
    (
      "0123456789abcdef,0123456789\n\"0123456789\"\"abcdef\",x",
      ["1: 0123456789abcdef|0123456789", "2: <0123456789\"abcdef>|x"]
    ),
    (
      "a\n\"b\"c,d\ne",
      [
        "1: a", "! line 2: field 1 goes on after its closing quote; write a quote within quotes twice",
        "3: e",
      ]
    ),
    ("a\n\"b\nc", ["1: a", "!! line 2: the file ends within the quotes that open here"]),
    ("a\nb\0c\nd", ["1: a", "! line 2: the line holds a NUL byte; text cannot", "3: d"]),
  ]

  @Test("Every awkward file reads the same however its bytes arrive", arguments: files.indices)
  func awkwardFiles(_ index: Int) {
    let (text, expected) = Self.files[index]
    for chunk in [1, 2, 3, 5, 7, 64, Int.max] {
      #expect(read(Array(text.utf8), chunk: chunk) == expected, "pieces of \(chunk) bytes")
    }
  }

  @Test("In a file of one column an empty line is a row")
  func emptyLinesOfOneColumn() {
    #expect(read(Array("a\n\nb\n".utf8), emptyLines: true) == ["1: a", "2: ", "3: b"])
  }

  @Test("Tabs separate, commas and backslashes are ordinary, quotes protect")
  func tabs() {
    let text = #"a,b"# + "\t" + #"C:\new"# + "\t\"x\ty\"\t\n"
    #expect(read(Array(text.utf8), .tsv) == ["1: a,b|C:\\new|<x\ty>|"])
  }

  @Test("Bytes that are not UTF-8 are an error of their line only")
  func badUTF8() {
    let flaws: [[UInt8]] = [
      [0x80], [0xC0, 0x80], [0xC3], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF],
      [0xE2, 0x82],
    ]
    for flaw in flaws {
      let text = Array("good\nlong enough to be read by words ".utf8) + flaw + Array("\ngood".utf8)
      #expect(
        read(text) == ["1: good", "! line 2: the line is not UTF-8; convert the file to UTF-8", "3: good"])
    }
  }

  @Test("A UTF-16 file is named as such")
  func utf16() {
    #expect(read([0xFF, 0xFE, 0x61, 0]) == ["!! line 1: the file is UTF-16; convert it to UTF-8"])
  }

  @Test("Every scalar's UTF-8 passes, and every two-byte sequence is judged as the standard library does")
  func validity() {
    func isText(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBufferPointer { FeedText.flaw(in: $0) == nil } }
    for value in stride(from: UInt32(1), through: 0x10FFFF, by: 7) {
      guard let scalar = Unicode.Scalar(value) else { continue }
      #expect(isText(Array(String(scalar).utf8)))
    }
    for first in UInt8(1)...255 {
      for second in UInt8(1)...255 {
        let bytes = [first, second]
        #expect(isText(bytes) == (String(validating: bytes, as: UTF8.self) != nil), "\(bytes)")
      }
    }
  }

  @Test("A long field crosses many buffers, and the raw record is as it was")
  func longField() throws {
    let long = String(repeating: "0123456789\n", count: 20_000)
    let record = "x,\"\(long)\",\"\"\"y\"\"\""
    let reader = CSVReader(MemoryByteSource(record + "\r\nnext,2,3", chunkSize: 1000), bufferSize: 64)
    #expect(try reader.next())
    #expect(String(decoding: reader.bytes(1), as: UTF8.self) == long)
    #expect(String(decoding: reader.bytes(2), as: UTF8.self) == "\"y\"")
    #expect(String(decoding: reader.record, as: UTF8.self) == record)
    #expect(try reader.next())
    #expect(reader.line == 20_002)
    #expect(try !reader.next())
    #expect(try !reader.next())
    #expect(reader.bytesRead == record.utf8.count + 2 + 8)
  }

  @Test("A record of many fields is counted beyond those that are kept")
  func manyFields() throws {
    let reader = CSVReader(MemoryByteSource(String(repeating: ",", count: 100_000)))
    #expect(try reader.next())
    #expect(reader.fieldCount == 100_001)
  }

  @Test("Random texts of the bytes that matter read the same in any pieces")
  func randomPieces() {
    var random = SplitMix(seed: 7)
    let letters: [UInt8] = Array("ab,\"\n\r\t".utf8)
    for _ in 0..<3000 {
      let text = (0..<Int.random(in: 0...40, using: &random)).map { _ in
        letters[Int.random(in: 0..<letters.count, using: &random)]
      }
      let whole = read(text, buffer: 4096)
      for chunk in [1, 3, 8] { #expect(read(text, chunk: chunk) == whole, "\(text)") }
    }
  }
}

/// A small generator with a seed.
private struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
