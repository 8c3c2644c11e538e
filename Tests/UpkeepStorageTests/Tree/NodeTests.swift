import Testing

@testable import UpkeepStorage

@Suite("Nodes")
struct NodeTests {
  /// A leaf of these keys, in a page of its own.
  static func withLeaf(
    _ keys: [[UInt8]], pageSize: Int = 1024, _ body: (UnsafeMutableRawPointer) throws -> Void
  ) rethrows {
    let base = UnsafeMutableRawPointer.allocate(byteCount: pageSize, alignment: 16)
    base.initializeMemory(as: UInt8.self, repeating: 0, count: pageSize)
    base.storeBytes(of: PageKind.leaf.rawValue, as: UInt8.self)
    defer { base.deallocate() }
    let builder = NodeBuilder(pageSize: pageSize)
    builder.start(level: 0)
    let flat = ByteBuffer(capacity: 100_000)
    for key in keys { key.withUnsafeBytes { flat.append($0) } }
    var offset = 0
    for key in keys {
      let bytes = RawBytes(start: UnsafeRawPointer(flat.base) + offset, count: key.count)
      builder.add(key: bytes, stored: bytes, isOverflow: false)
      offset += key.count
    }
    builder.write(0, keys.count, level: 0, to: base)
    try body(base)
  }

  @Test("A search finds what is there and the place of what is not, whatever prefix and heads do")
  func search() throws {
    let sets: [[[UInt8]]] = [
      [[]], [[], [0]], [[], [0], [0, 0], [0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 1]],
      [[1, 2, 3], [1, 2, 3, 0], [1, 2, 3, 0, 0, 0, 0, 5], [1, 2, 4]],
      [
        [7], [7, 0, 0, 0, 0], [7, 0, 0, 0, 0, 0], [7, 1], [7, 255, 255, 255, 255],
        [7, 255, 255, 255, 255, 0],
      ],
      (0..<40).map { [9, 9, 9, UInt8($0 / 7), UInt8($0 % 7)] },
      // Heads that repeat, in runs at either end and in the middle, and the greatest head there is.
      (0..<40).map { [UInt8($0 / 15), 5, 5, 5, 6, UInt8($0 % 15)] },
      (0..<30).map { [$0 < 7 ? 1 : 255, 255, 255, 255, UInt8($0)] },
      // A prefix of more than eight bytes, and one of exactly eight.
      (0..<20).map { [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, UInt8($0), 1] },
      (0..<20).map { [1, 2, 3, 4, 5, 6, 7, 8, UInt8(10 * $0), 1] },
    ]
    for keys in sets {
      Self.withLeaf(keys) { base in
        #expect(NodeValidation.validate(base, pageSize: 1024) == nil)
        var probes = keys
        for key in keys {
          probes.append(key + [0])
          probes.append(Array(key.dropLast()))
          probes.append(key.map { $0 &+ 1 })
          probes.append(Array(key.prefix(2)) + [255])
        }
        for probe in probes {
          let expected = keys.firstIndex { !$0.lexicographicallyPrecedes(probe) } ?? keys.count
          let isThere = keys.contains(probe)
          probe.withUnsafeBytes {
            let found = Node(base).searchLeaf(RawBytes($0, or: base))
            #expect(found.index == expected && found.isFound == isThere, "\(probe) in \(keys)")
            for i in keys.indices {
              let order = Node(base).compare(i, RawBytes($0, or: base), front: NodeLayout.leafFront)
              #expect((order < 0) == keys[i].lexicographicallyPrecedes(probe))
              #expect((order == 0) == (keys[i] == probe))
            }
          }
        }
      }
    }
  }

  @Test("The prefix is the longest that the keys share, and is not in the cells")
  func prefix() {
    Self.withLeaf([[5, 6, 7, 8], [5, 6, 7, 9], [5, 6, 9]]) { base in
      #expect(Node(base).prefixLength == 2)
      #expect(Node(base).slot(2).suffixLength == 1)
    }
    Self.withLeaf([[5, 6, 7]]) { base in #expect(Node(base).prefixLength == 3) }
  }

  @Test("What goes leaves no trace in the page once it is made fit for disk")
  func zeroed() {
    let keys = (0..<20).map { [4, 4, UInt8($0), 1] as [UInt8] }
    Self.withLeaf(keys) { base in
      MutableNode(base, 1024).removeEntries(from: 3, to: 9)
      #expect(Node(base).garbage > 0)
      #expect(NodeValidation.validateInMemory(base, pageSize: 1024) == nil)
      NodeLayout.prepareForDisk(base, pageSize: 1024)
      #expect(NodeValidation.validate(base, pageSize: 1024) == nil)
      Self.withLeaf(Array(keys[..<3] + keys[9...])) { fresh in
        let a = UnsafeRawBufferPointer(start: base, count: 1024)
        let b = UnsafeRawBufferPointer(start: fresh, count: 1024)
        #expect(a.elementsEqual(b))
      }
    }
  }

  /// Reads and edits a node in every way; a page that passed validation must bear it.
  static func use(_ base: UnsafeMutableRawPointer, pageSize: Int, _ seed: inout TreeSeed) {
    let node = Node(base)
    var sum = 0
    let buffer = ByteBuffer()
    let probe = seed.bytes(seed.below(30))
    for i in 0..<node.count {
      buffer.removeAll()
      node.appendKey(i, to: buffer)
      sum &+= buffer.bytes.reduce(0) { $0 &+ Int($1) }
      if node.level == 0 {
        sum &+= node.value(i).stored.buffer.reduce(0) { $0 &+ Int($1) }
        sum &+= node.value(i).byteCount
      }
    }
    probe.withUnsafeBytes { key in
      let key = RawBytes(key, or: base)
      if node.level == 0 {
        let found = node.searchLeaf(key)
        let mutable = MutableNode(base, pageSize)
        _ = mutable.insert(at: found.index, key: key, stored: key, isOverflow: false)
        if Node(base).count > 1 { mutable.removeEntries(from: 0, to: 1) }
        _ = mutable.replace(at: 0, stored: key, isOverflow: false)
        let builder = NodeBuilder(pageSize: pageSize)
        let copy = builder.copy(node)
        builder.start(level: 0)
        builder.add(copy, from: 0, to: copy.count)
        if builder.fits(0, builder.count) { builder.write(0, builder.count, level: 0, to: base) }
      } else {
        let child = node.searchBranch(key)
        sum &+= Int(truncatingIfNeeded: node.child(child).rawValue) &+ Int(truncatingIfNeeded: node.totalRows)
        MutableNode(base, pageSize).removeChild(child)
      }
    }
    MutableNode(base, pageSize).compact()
    #expect(sum != 42_424_242)
  }

  @Test("A page with flipped bytes is refused, or can be used without leaving it")
  func flips() throws {
    #if DEBUG
      let rounds = 3000
    #else
      let rounds = 150_000
    #endif
    var seed = TreeSeed(state: 99)
    let pageSize = 512
    let tree = TreeFixture(pageSize: pageSize)
    for _ in 0..<300 {
      try tree.put(
        KeyShape.mixed.key(&seed, longest: 30), seed.bytes(seed.below(10) == 0 ? 3000 : seed.below(30)))
    }
    try tree.editor.flush()
    let pages = tree.verify(tree.editor.root).pages.sorted()
    // Guard bytes on both sides show writes that leave the page.
    let room = UnsafeMutableRawPointer.allocate(byteCount: 3 * pageSize, alignment: 16)
    defer { room.deallocate() }
    let base = room + pageSize
    var refused = 0
    for round in 0..<rounds {
      room.initializeMemory(as: UInt8.self, repeating: 0xA5, count: 3 * pageSize)
      base.copyMemory(from: try tree.store.page(pages[seed.below(pages.count)]), byteCount: pageSize)
      NodeLayout.prepareForDisk(base, pageSize: pageSize)
      #expect(NodeValidation.validate(base, pageSize: pageSize) == nil)
      for _ in 0...seed.below(3) {
        let header = seed.below(2) == 0
        let at = header ? 64 + seed.below(80) : seed.below(pageSize)
        let old = base.load(fromByteOffset: at, as: UInt8.self)
        let flip: UInt8 = round % 2 == 0 ? 1 << UInt8(seed.below(8)) : UInt8(1 + seed.below(255))
        base.storeBytes(of: old ^ flip, toByteOffset: at, as: UInt8.self)
      }
      if NodeValidation.validate(base, pageSize: pageSize) != nil {
        refused += 1
        continue
      }
      if base.load(as: UInt8.self) != PageKind.overflow.rawValue { Self.use(base, pageSize: pageSize, &seed) }
      for i in 0..<pageSize {
        let before = room.load(fromByteOffset: i, as: UInt8.self)
        let after = room.load(fromByteOffset: 2 * pageSize + i, as: UInt8.self)
        if before != 0xA5 || after != 0xA5 {
          Issue.record("round \(round) wrote outside of its page")
          return
        }
      }
    }
    #expect(refused > rounds / 4)
  }

  @Test("Random bytes are refused")
  func noise() {
    var seed = TreeSeed(state: 3)
    let page = UnsafeMutableRawPointer.allocate(byteCount: 512, alignment: 16)
    defer { page.deallocate() }
    for _ in 0..<2000 {
      page.copyMemory(from: seed.bytes(512), byteCount: 512)
      page.storeBytes(of: UInt8(1 + seed.below(3)), as: UInt8.self)
      #expect(NodeValidation.validate(page, pageSize: 512) != nil)
    }
  }
}
