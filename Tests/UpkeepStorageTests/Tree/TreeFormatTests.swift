import Foundation
import Testing

@testable import UpkeepStorage

@Suite("The tree's part of the file format is what the code writes")
struct TreeFormatTests {
  /// Name to offset of the table under a heading, in whichever document has it.
  static func offsets(_ heading: String) throws -> [String: Int] {
    let documents = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../Docs")
    for name in ["FileFormatTree.md", "FileFormat.md"] {
      let file = documents.appending(path: name).standardizedFileURL
      guard let text = try? String(contentsOf: file, encoding: .utf8) else { continue }
      var result: [String: Int] = [:]
      var isInside = false
      for line in text.split(separator: "\n") {
        if line.hasPrefix("#") { isInside = line.drop { $0 == "#" || $0 == " " } == heading }
        let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        guard isInside, line.hasPrefix("|"), cells.count >= 3, let offset = Int(cells[0]) else { continue }
        if cells[2] != "reserved" { result[cells[2]] = offset }
      }
      if !result.isEmpty { return result }
    }
    return [:]
  }

  @Test func tables() throws {
    #expect(
      try Self.offsets("Node") == [
        "count": NodeLayout.count, "level": NodeLayout.level, "prefixLength": NodeLayout.prefixLength,
        "heapStart": NodeLayout.heapStart, "garbage": NodeLayout.garbage, "firstChild": NodeLayout.firstChild,
        "firstChildRows": NodeLayout.firstChildRows, "prefix": NodeLayout.prefix,
      ])
    #expect(try Self.offsets("Leaf cell") == ["length": 0, "suffix": NodeLayout.leafFront])
    #expect(try Self.offsets("Branch cell") == ["child": 0, "rows": 8, "suffix": NodeLayout.branchFront])
    #expect(
      try Self.offsets("Overflow reference") == ["byteCount": 0, "pages": OverflowValue.referenceHeader])
    #expect(
      try Self.offsets("Overflow page") == [
        "role": OverflowValue.role, "level": OverflowValue.level, "count": OverflowValue.count,
        "next": OverflowValue.next, "content": OverflowValue.content,
      ])
    #expect(NodeLayout.overflowLevel == 65_535)
    #expect(OverflowValue.dataRole == 1 && OverflowValue.indexRole == 2)
    #expect(TreeLimits.maxKeyLength(pageSize: 8192) == 1900 && TreeLimits.maxKeyLength(pageSize: 512) == 100)
  }

  /// A leaf of three rows, byte for byte.
  @Test func leafBytes() throws {
    let tree = TreeFixture(pageSize: 512)
    try tree.put([1, 2, 3, 4, 5, 6, 7], [9])
    try tree.put([1, 2, 3], [])
    try tree.put([1, 2, 9, 8], [7, 7])
    let page = try tree.store.page(tree.editor.root.page)
    let bytes = UnsafeMutableRawPointer.allocate(byteCount: 512, alignment: 16)
    defer { bytes.deallocate() }
    bytes.copyMemory(from: page, byteCount: 512)
    NodeLayout.prepareForDisk(bytes, pageSize: 512)
    var expected = [UInt8](repeating: 0, count: 512)
    expected[0] = 1
    expected.replaceSubrange(64..<80, with: [3, 0, 0, 0, 2, 0, 0, 0, 0xEC, 1, 0, 0, 0, 0, 0, 0])
    expected.replaceSubrange(96..<100, with: [1, 2, 0, 0])
    expected.replaceSubrange(100..<112, with: [3, 0, 0, 0, 3, 4, 5, 6, 9, 8, 0, 0])
    // The cells lie in the order of the keys from the end.
    let cells: [[UInt8]] = [[0, 0, 3], [1, 0, 3, 4, 5, 6, 7, 9], [2, 0, 9, 8, 7, 7]]
    var offset = 512
    for (i, cell) in cells.enumerated() {
      offset -= cell.count
      expected.replaceSubrange(offset..<(offset + cell.count), with: cell)
      let slot = [UInt8(offset & 0xFF), UInt8(offset >> 8), [1, 5, 2][i], 0] as [UInt8]
      expected.replaceSubrange((112 + 4 * i)..<(116 + 4 * i), with: slot)
    }
    expected[72] = UInt8(offset & 0xFF)
    expected[73] = UInt8(offset >> 8)
    #expect(Array(UnsafeRawBufferPointer(start: bytes, count: 512)) == expected)
    #expect(NodeValidation.validate(bytes, pageSize: 512) == nil)
  }
}
