/// What a transaction did, as the log keeps it: logical operations on trees, one after the other.
enum LogOperation {
  /// The first byte of an operation.
  enum Code: UInt8 {
    case put = 1
    case putContinued = 2
    case delete = 3
    case deleteRange = 4
    case createTree = 5
    case dropTree = 6
    /// Kept for changes of a part of a value.
    case patch = 7
    case reclaim = 8
    case emptyTree = 9
  }

  /// Values longer than this are put in parts.
  static let largestPart = 128 << 10

  static func appendPut(
    _ tree: TreeID, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, to buffer: ByteBuffer
  ) {
    if tree.rawValue < 0x80, key.count < 0x80, value.count < 0x80 {
      // Most of them: all three numbers have one byte.
      let place = buffer.extend(by: 4 + key.count + value.count)
      place.storeBytes(of: Code.put.rawValue, as: UInt8.self)
      place.storeBytes(of: UInt8(truncatingIfNeeded: tree.rawValue), toByteOffset: 1, as: UInt8.self)
      place.storeBytes(of: UInt8(truncatingIfNeeded: key.count), toByteOffset: 2, as: UInt8.self)
      place.storeBytes(of: UInt8(truncatingIfNeeded: value.count), toByteOffset: 3, as: UInt8.self)
      if let start = key.baseAddress { (place + 4).copyMemory(from: start, byteCount: key.count) }
      if let start = value.baseAddress {
        (place + 4 + key.count).copyMemory(from: start, byteCount: value.count)
      }
      return
    }
    buffer.append(Code.put.rawValue)
    Varint.append(tree.rawValue, to: buffer)
    Varint.append(UInt64(key.count), to: buffer)
    let first = min(value.count, largestPart)
    Varint.append(UInt64(first), to: buffer)
    buffer.append(key)
    buffer.append(UnsafeRawBufferPointer(rebasing: value[..<first]))
    var at = first
    while at < value.count {
      let count = min(value.count - at, largestPart)
      appendContinuation(UnsafeRawBufferPointer(rebasing: value[at..<(at + count)]), to: buffer)
      at += count
    }
  }

  /// More of the value of the put before it.
  static func appendContinuation(_ part: UnsafeRawBufferPointer, to buffer: ByteBuffer) {
    buffer.append(Code.putContinued.rawValue)
    Varint.append(UInt64(part.count), to: buffer)
    buffer.append(part)
  }

  static func appendDelete(_ tree: TreeID, _ key: UnsafeRawBufferPointer, to buffer: ByteBuffer) {
    buffer.append(Code.delete.rawValue)
    Varint.append(tree.rawValue, to: buffer)
    Varint.append(UInt64(key.count), to: buffer)
    buffer.append(key)
  }

  static func appendDeleteRange(
    _ tree: TreeID, from lower: UnsafeRawBufferPointer?, to upper: UnsafeRawBufferPointer?,
    into buffer: ByteBuffer
  ) {
    buffer.append(Code.deleteRange.rawValue)
    Varint.append(tree.rawValue, to: buffer)
    buffer.append((lower == nil ? 0 : 1) | (upper == nil ? 0 : 2))
    for bound in [lower, upper] {
      guard let bound else { continue }
      Varint.append(UInt64(bound.count), to: buffer)
      buffer.append(bound)
    }
  }

  static func appendTree(_ code: Code, _ tree: TreeID, to buffer: ByteBuffer) {
    buffer.append(code.rawValue)
    Varint.append(tree.rawValue, to: buffer)
  }

  static func appendReclaim(_ tree: TreeID, rows: UInt64, to buffer: ByteBuffer) {
    appendTree(.reclaim, tree, to: buffer)
    Varint.append(rows, to: buffer)
  }

  static func appendEmptyTree(_ tree: TreeID, rest: TreeID, to buffer: ByteBuffer) {
    appendTree(.emptyTree, tree, to: buffer)
    Varint.append(rest.rawValue, to: buffer)
  }

  /// Does again, in `transaction`, what `bytes` say.
  ///
  /// - Returns: what is wrong with the bytes, or nil.
  static func replay(
    _ bytes: UnsafeRawBufferPointer, in transaction: WriteTransaction
  ) throws(StorageError) -> String? {
    var at = 0
    func slice() -> UnsafeRawBufferPointer? {
      guard let count = Varint.read(bytes, &at), let count = Int(exactly: count),
        let part = bytes.part(at, count)
      else { return nil }
      at += count
      return part
    }
    let long = ByteBuffer()
    while at < bytes.count {
      guard let code = Code(rawValue: bytes[at]) else { return "an unknown operation \(bytes[at])" }
      at += 1
      guard code != .putContinued, let id = Varint.read(bytes, &at) else {
        return "an operation without a tree"
      }
      let tree = TreeID(rawValue: id)
      switch code {
      case .put:
        guard let keyCount = Varint.read(bytes, &at), let valueCount = Varint.read(bytes, &at),
          let keyCount = Int(exactly: keyCount), let valueCount = Int(exactly: valueCount),
          let key = bytes.part(at, keyCount), let value = bytes.part(at + keyCount, valueCount)
        else { return "a put beyond its record" }
        at += keyCount + valueCount
        guard at < bytes.count, bytes[at] == Code.putContinued.rawValue else {
          try transaction.put(tree, key, value)
          continue
        }
        long.removeAll()
        long.append(value)
        while at < bytes.count, bytes[at] == Code.putContinued.rawValue {
          at += 1
          guard let part = slice() else { return "a put beyond its record" }
          long.append(part)
        }
        try transaction.put(tree, key, long.bytes)
      case .delete:
        guard let key = slice() else { return "a delete beyond its record" }
        try transaction.delete(tree, key)
      case .deleteRange:
        guard at < bytes.count else { return "a range beyond its record" }
        let flags = bytes[at]
        at += 1
        var lower: UnsafeRawBufferPointer?
        var upper: UnsafeRawBufferPointer?
        if flags & 1 != 0 {
          guard let bound = slice() else { return "a range beyond its record" }
          lower = bound
        }
        if flags & 2 != 0 {
          guard let bound = slice() else { return "a range beyond its record" }
          upper = bound
        }
        _ = try transaction.deleteRange(tree, from: lower, to: upper)
      case .createTree:
        guard try transaction.createTree() == tree else { return "trees made out of order" }
      case .dropTree:
        try transaction.dropTree(tree)
      case .reclaim:
        guard let rows = Varint.read(bytes, &at) else { return "a number beyond its record" }
        try transaction.reclaim(tree, rows: rows)
      case .emptyTree:
        guard let rest = Varint.read(bytes, &at) else { return "a number beyond its record" }
        guard try transaction.emptyTree(tree).rawValue == rest else { return "trees made out of order" }
      case .putContinued, .patch:
        return "an operation of a newer release"
      }
    }
    return nil
  }
}
