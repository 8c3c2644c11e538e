import Testing

@testable import UpkeepStorage

@Suite("A tree and sorted arrays agree after any history")
struct TreeHistoryTests {
  private static func value(_ seed: inout TreeSeed, pageSize: Int) -> [UInt8] {
    switch seed.below(20) {
    case 0: seed.bytes(seed.below(4 * pageSize))
    case 1: seed.bytes(seed.below(pageSize / 4))
    case 2: seed.bytes(seed.below(12) * pageSize / 2)
    case 3...5: []
    default: seed.bytes(seed.below(40))
    }
  }

  @Test(arguments: [512, 1024, 8192], KeyShape.allCases)
  func histories(pageSize: Int, shape: KeyShape) throws {
    #if DEBUG
      let (histories, steps) = (1, 500)
    #else
      let (histories, steps) = (6, 3000)
    #endif
    for number in 0..<histories {
      var seed = TreeSeed(state: UInt64(number) &* 7919 &+ UInt64(pageSize))
      let tree = TreeFixture(pageSize: pageSize)
      var old: (root: TreeRoot, keys: [[UInt8]], values: [[UInt8]])?
      for phase in 0..<4 {
        // Growing, mixed, shrinking, and growing again.
        let deletes = [1, 5, 9, 2][phase]
        for _ in 0..<steps {
          let key = shape.key(&seed, longest: tree.longestKey)
          let roll = seed.below(12)
          if roll < deletes {
            let known = tree.keys.isEmpty || seed.below(4) == 0 ? key : tree.keys[seed.below(tree.keys.count)]
            try tree.delete(known)
          } else if roll == 11 && seed.below(3) == 0 {
            try tree.expectGet(key)
          } else {
            if seed.below(2) == 0 { try tree.expectGet(key) }
            let known = tree.keys.isEmpty || seed.below(3) > 0 ? key : tree.keys[seed.below(tree.keys.count)]
            let value = Self.value(&seed, pageSize: pageSize)
            if seed.below(3) == 0 { try tree.insert(known, value) } else { try tree.put(key, value) }
          }
          if seed.below(steps / 4) == 0 {
            try tree.editor.flush()
            if let old { try tree.expectRows(old.root, old.keys, old.values) }
            old = (tree.editor.root, tree.keys, tree.values)
            _ = tree.edits.takeNewStamp()
          }
          if seed.below(steps / 2) == 0 {
            let other = shape.key(&seed, longest: tree.longestKey)
            try tree.deleteRange(
              seed.below(8) == 0 ? nil : lower(key, other), seed.below(8) == 0 ? nil : upper(key, other))
          }
        }
        try tree.expectSound()
        try tree.expectPlaces((0..<40).map { _ in shape.key(&seed, longest: tree.longestKey) } + [[]])
        if let old { try tree.expectRows(old.root, old.keys, old.values) }
      }
      while let key = tree.keys.randomElement(using: &seed) { try tree.delete(key) }
      #expect(tree.editor.root == .empty)
      if let old { try tree.expectRows(old.root, old.keys, old.values) }
    }
  }

  @Test("Sweeps up, down and in the middle of other keys", arguments: [512, 4096])
  func sweeps(pageSize: Int) throws {
    func key(_ i: Int) -> [UInt8] { Array("key\(1_000_000 + i)".utf8) }
    let n = 2000
    let orders: [[Int]] = [
      Array(0..<n), (0..<n).reversed(),
      (0..<n).filter { $0 < 500 || $0 > 1500 } + Array(500...1500),
      (0..<n).filter { $0 < 500 || $0 > 1500 } + (500...1500).reversed(),
    ]
    for order in orders {
      let tree = TreeFixture(pageSize: pageSize)
      for i in order { try tree.put(key(i), [UInt8](repeating: 7, count: 20)) }
      try tree.expectSound()
      // A sweep leaves its pages full: 40 bytes a row.
      let pages = tree.verify(tree.editor.root).pages.count
      #expect(pages < n * 40 * 5 / 4 / (pageSize - 100) + 8, "\(pages) pages")
      for i in order.reversed() { try tree.delete(key(i)) }
      #expect(tree.editor.root == .empty)
    }
  }

  @Test("A range is removed with everything that it owned")
  func ranges() throws {
    var seed = TreeSeed(state: 5)
    for round in 0..<60 {
      let tree = TreeFixture(pageSize: 512)
      for i in 0..<300 {
        try tree.put(
          Array("row\(1000 + i)".utf8), seed.bytes(seed.below(5) == 0 && round % 2 == 0 ? 2000 : 10))
      }
      _ = tree.edits.takeNewStamp()
      let a = Array("row\(990 + seed.below(320))".utf8)
      let b = Array("row\(990 + seed.below(320))".utf8)
      try tree.deleteRange(round % 7 == 0 ? nil : lower(a, b), round % 5 == 0 ? nil : upper(a, b))
      try tree.expectSound()
      try tree.put(a, [1])
      try tree.expectSound()
      try tree.deleteRange(nil, nil)
      #expect(tree.editor.root == .empty)
      tree.edits.finish()
      #expect(tree.edits.born.isEmpty, "every page was given up")
    }
  }

  @Test("A savepoint's tree comes back after a rollback")
  func rollback() throws {
    var seed = TreeSeed(state: 17)
    let tree = TreeFixture(pageSize: 512)
    for _ in 0..<400 {
      try tree.put(KeyShape.mixed.key(&seed, longest: tree.longestKey), seed.bytes(seed.below(300)))
    }
    for _ in 0..<20 {
      try tree.editor.flush()
      let (root, keys, values) = (tree.editor.root, tree.keys, tree.values)
      let mark = tree.edits.takeNewStamp()
      for _ in 0..<100 {
        let key = KeyShape.mixed.key(&seed, longest: tree.longestKey)
        if seed.below(2) == 0 { try tree.delete(tree.keys[seed.below(tree.keys.count)]) }
        try tree.put(key, seed.bytes(seed.below(300)))
      }
      tree.edits.rollback(to: mark)
      tree.editor.reset(to: root)
      (tree.keys, tree.values) = (keys, values)
      try tree.expectSound()
      try tree.put(KeyShape.mixed.key(&seed, longest: tree.longestKey), [1, 2, 3])
    }
    try tree.expectSound()
  }

  @Test("Bytes that lie in the tree itself can be put into it")
  func aliases() throws {
    let tree = TreeFixture(pageSize: 512)
    for i in 0..<40 { try tree.put([UInt8(i)], [UInt8](repeating: UInt8(i), count: 5 + i)) }
    for i in 0..<40 {
      let from = [UInt8(i)]
      let found = try from.withUnsafeBytes { try tree.editor.get($0) }
      guard let found else {
        Issue.record("row \(i) is gone")
        return
      }
      let to = [UInt8(i), UInt8(i)]
      _ = try to.withUnsafeBytes { try tree.editor.put($0, found.stored.buffer) }
      #expect(try tree.get(to) == [UInt8](repeating: UInt8(i), count: 5 + i))
    }
  }

  @Test("Limits are checked before anything changes")
  func limits() throws {
    let tree = TreeFixture(pageSize: 8192)
    #expect(tree.longestKey == 1900)
    try tree.put([1], [1])
    let root = tree.editor.root
    #expect(throws: StorageError.self) { try tree.put([UInt8](repeating: 1, count: 1901), []) }
    #expect(throws: StorageError.self) { try tree.put([2], [UInt8](repeating: 1, count: 64 << 20 + 1)) }
    #expect(tree.editor.root == root)
    try tree.put([UInt8](repeating: 1, count: 1900), [])
    try tree.expectSound()
  }

  @Test("Values up to the longest come back, and give up their pages", arguments: [512, 8192, 65536])
  func longValues(pageSize: Int) throws {
    let tree = TreeFixture(pageSize: pageSize)
    let inline = TreeLimits.maxInlineValue(pageSize: pageSize)
    let perPage = pageSize - OverflowValue.content
    var lengths = [inline, inline + 1, perPage, perPage + 1, 4 * perPage, 4 * perPage + 1]
    // One data page more than an index page lists.
    if pageSize == 512 { lengths.append(perPage * (perPage / 8) + 1) }
    #if !DEBUG
      lengths.append(TreeLimits.maximumValueLength)
    #endif
    for length in lengths {
      let value = [UInt8](unsafeUninitializedCapacity: length) { bytes, count in
        for i in 0..<length { bytes[i] = UInt8(truncatingIfNeeded: i &* 31 &+ i >> 8) }
        count = length
      }
      try tree.put([1, 2], value)
      #expect(try tree.get([1, 2]) == value)
      try tree.expectSound()
    }
    try tree.delete([1, 2])
    #expect(tree.editor.root == .empty)
    tree.edits.finish()
    #expect(tree.edits.born.isEmpty)
  }
}
