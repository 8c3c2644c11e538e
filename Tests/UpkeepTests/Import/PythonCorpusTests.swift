import Foundation
import Testing

@testable import Upkeep

/// CSV and JSON against what Python's `csv` and `json` read in a collection of awkward texts. The answers are kept beside the
/// texts, with the program that asked for them: `Corpus/make.py`.
@Suite struct PythonCorpusTests {
  private struct Example {
    let kind: String
    let name: String
    let text: [UInt8]
    /// What is to be read; nil where the text is wrong.
    let expected: Any?
    /// Whether that is not what Python reads, and why.
    let differs: String?
  }

  private static func examples(_ kind: String) throws -> [Example] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Corpus/corpus.jsonl")
    return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap { line in
      let members = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      let hex = Array((members["hex"] as? String ?? "").utf8)
      let text = stride(from: 0, to: hex.count, by: 2).map { place in
        UInt8(String(decoding: hex[place..<(place + 2)], as: UTF8.self), radix: 16) ?? 0
      }
      let differs = members["differs"] as? String
      let example = Example(
        kind: members["kind"] as? String ?? "", name: members["name"] as? String ?? "", text: text,
        expected: members[differs == nil ? "expected" : "ours"], differs: differs)
      return example.kind == kind ? example : nil
    }
  }

  /// A byte at a time, a few, and all at once.
  private static let chunks = [1, 3, 64, 1 << 20]

  @Test("CSV")
  func csv() throws {
    let examples = try Self.examples("csv")
    #expect(examples.count > 50 && examples.contains { $0.differs != nil })
    let reader = PythonReaderTests()
    for example in examples {
      for chunk in Self.chunks {
        let ours = reader.rows(example.text, chunk: chunk)
        #expect(ours == example.expected as? [[String]], "\(example.name), \(chunk) bytes at a time")
      }
    }
  }

  @Test("JSON")
  func json() throws {
    let examples = try Self.examples("json")
    #expect(examples.count > 100 && examples.contains { $0.differs != nil })
    let reader = PythonReaderTests()
    for example in examples {
      for chunk in Self.chunks {
        let ours = reader.members(example.text, chunk: chunk)?.mapValues(reader.comparable)
        #expect(ours == example.expected as? [String: String], "\(example.name), \(chunk) bytes at a time")
      }
    }
  }
}
