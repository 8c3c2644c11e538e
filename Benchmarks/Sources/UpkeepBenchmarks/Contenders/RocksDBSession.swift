import CRocksDB

/// A thread's use of a database: options and buffers of its own.
final class RocksDBSession: Session {
  private let database: OpaquePointer?
  private let families: RocksDBFamilies
  private let readOptions = rocksdb_readoptions_create()
  private let writeOptions = rocksdb_writeoptions_create()
  private let batch = rocksdb_writebatch_create()
  private let key = UnsafeMutablePointer<CChar>.allocate(capacity: StoredPerson.longestRow)
  private let row = UnsafeMutablePointer<CChar>.allocate(capacity: StoredPerson.longestRow)
  private var names: OpaquePointer?

  init(_ database: OpaquePointer?, _ families: RocksDBFamilies, syncs: Bool) {
    self.database = database
    self.families = families
    rocksdb_writeoptions_set_sync(writeOptions, syncs ? 1 : 0)
  }

  deinit {
    rocksdb_readoptions_destroy(readOptions)
    rocksdb_writeoptions_destroy(writeOptions)
    rocksdb_writebatch_destroy(batch)
    key.deallocate()
    row.deallocate()
  }

  // MARK: Reads

  private func reading(_ body: () throws -> Void) throws {
    let snapshot = rocksdb_create_snapshot(database)
    rocksdb_readoptions_set_snapshot(readOptions, snapshot)
    defer {
      rocksdb_readoptions_set_snapshot(readOptions, nil)
      rocksdb_release_snapshot(database, snapshot)
    }
    try body()
  }

  /// Lends the value of a key.
  private func get<R>(
    _ family: OpaquePointer?, _ key: UnsafePointer<CChar>, _ length: Int,
    _ body: (UnsafeRawBufferPointer) throws -> R
  ) throws -> R? {
    let slice = try RocksDB.checked {
      rocksdb_get_pinned_cf(database, readOptions, family, key, length, $0)
    }
    guard let slice else { return nil }
    defer { rocksdb_pinnableslice_destroy(slice) }
    var size = 0
    let start = rocksdb_pinnableslice_value(slice, &size)
    return try body(UnsafeRawBufferPointer(start: start, count: size))
  }

  private func read(_ id: Int) throws -> Int {
    StoredPerson.write(key: id, to: key)
    return try get(families.rows, key, 8) { bytes in
      bytes.baseAddress.map { StoredPerson.read(id: id, $0, bytes.count) } ?? 0
    } ?? 0
  }

  func keepsSnapshot(reading id: Int, _ body: () throws -> Void) throws -> Bool {
    var isSame = false
    try reading {
      let first = try read(id)
      try body()
      isSame = try read(id) == first
    }
    return isSame
  }

  func read(_ ids: ArraySlice<Int>, inOne: Bool) throws -> Int {
    var total = 0
    func all() throws { for id in ids { total &+= try read(id) } }
    if inOne { try reading(all) } else { try all() }
    return total
  }

  private func holder(_ email: UnsafePointer<CChar>, _ length: Int) throws -> Int? {
    try get(families.emails, email, length) { bytes in bytes.baseAddress.map(StoredPerson.id) } ?? nil
  }

  func read(emails: ArraySlice<String>) throws -> Int {
    var total = 0
    try reading {
      for email in emails {
        guard let id = try holder(key, StoredPerson.write(email, to: key)) else { continue }
        total &+= try read(id)
      }
    }
    return total
  }

  /// Walks from an id on until `body` says false.
  private func walk(from id: Int?, _ body: (UnsafeRawPointer, UnsafeRawBufferPointer) throws -> Bool) throws {
    let iterator = rocksdb_create_iterator_cf(database, readOptions, families.rows)
    defer { rocksdb_iter_destroy(iterator) }
    if let id {
      StoredPerson.write(key: id, to: key)
      rocksdb_iter_seek(iterator, key, 8)
    } else {
      rocksdb_iter_seek_to_first(iterator)
    }
    while rocksdb_iter_valid(iterator) != 0 {
      var size = 0
      guard let at = rocksdb_iter_key(iterator, &size) else { return }
      let start = rocksdb_iter_value(iterator, &size)
      if !(try body(UnsafeRawPointer(at), UnsafeRawBufferPointer(start: start, count: size))) { return }
      rocksdb_iter_next(iterator)
    }
    try RocksDB.checked { rocksdb_iter_get_error(iterator, $0) }
  }

  private func read(_ key: UnsafeRawPointer, _ bytes: UnsafeRawBufferPointer) -> Int {
    bytes.baseAddress.map { StoredPerson.read(id: StoredPerson.id(key), $0, bytes.count) } ?? 0
  }

  func scan() throws -> Int {
    var total = 0
    try walk(from: nil) {
      total &+= read($0, $1)
      return true
    }
    return total
  }

  func ranges(from ids: ArraySlice<Int>) throws -> Int {
    var total = 0
    try reading {
      for id in ids {
        var left = 100
        try walk(from: id) {
          total &+= read($0, $1)
          left -= 1
          return left > 0
        }
      }
    }
    return total
  }

  func count() throws -> Int {
    var total = 0
    try walk(from: nil) { _, _ in
      total += 1
      return true
    }
    return total
  }

  func count(_ ids: Range<Int>) throws -> Int {
    var total = 0
    try walk(from: ids.lowerBound) { key, _ in
      guard StoredPerson.id(key) < ids.upperBound else { return false }
      total += 1
      return true
    }
    return total
  }

  func row(at position: Int) throws -> Int {
    var total = 0
    var left = position
    try walk(from: nil) {
      if left == 0 { total = read($0, $1) }
      left -= 1
      return left >= 0
    }
    return total
  }

  // MARK: Writes

  private func writing(_ body: () throws -> Void) throws {
    rocksdb_writebatch_clear(batch)
    try body()
    try RocksDB.checked { rocksdb_write(database, writeOptions, batch, $0) }
  }

  private func email() -> (UnsafePointer<CChar>, Int) {
    let email = StoredPerson.email(UnsafeRawPointer(row))
    return (UnsafePointer(row + 18), email.count)
  }

  private func putRow(_ id: Int, _ length: Int) {
    StoredPerson.write(key: id, to: key)
    rocksdb_writebatch_put_cf(batch, families.rows, key, 8, row, length)
  }

  private func putEmail() {
    let (email, length) = email()
    rocksdb_writebatch_put_cf(batch, families.emails, email, length, key, 8)
  }

  private func write(_ person: Person, _ kind: WriteKind) throws {
    StoredPerson.write(key: person.id, to: key)
    let length = StoredPerson.write(person, to: row)
    let (email, emailLength) = email()
    switch kind {
    case .upsertByEmail:
      if let id = try holder(email, emailLength) { return putRow(id, length) }
      if try get(families.rows, key, 8, { _ in true }) != nil { throw PeerFailure("id is taken") }
    default:
      let met = try get(families.rows, key, 8) { old -> (isSame: Bool, hasSameEmail: Bool) in
        switch kind {
        case .insert, .append: throw PeerFailure("id is taken")
        case .insertOrIgnore: return (true, true)
        default: break
        }
        let isSame = old.elementsEqual(UnsafeRawBufferPointer(start: row, count: length))
        guard !isSame, let base = old.baseAddress else { return (isSame, true) }
        let stored = StoredPerson.email(base)
        let hasSameEmail = stored.elementsEqual(UnsafeRawBufferPointer(start: email, count: emailLength))
        if !hasSameEmail {
          rocksdb_writebatch_delete_cf(
            batch, families.emails, stored.baseAddress?.assumingMemoryBound(to: CChar.self), stored.count)
        }
        return (isSame, hasSameEmail)
      }
      if let met {
        if met.isSame { return }
        if met.hasSameEmail { return putRow(person.id, length) }
      }
      if let other = try holder(email, emailLength), other != person.id {
        if kind == .insertOrIgnore { return }
        guard kind == .replace else { throw PeerFailure("email \(person.email) is taken") }
        StoredPerson.write(key: other, to: key)
        rocksdb_writebatch_delete_cf(batch, families.rows, key, 8)
      }
    }
    putRow(person.id, length)
    putEmail()
  }

  func write(_ people: People, _ kind: WriteKind) throws {
    try writing { for person in people { try write(person, kind) } }
  }

  private func removeEmail(_ row: UnsafeRawBufferPointer) {
    guard let base = row.baseAddress else { return }
    let email = StoredPerson.email(base)
    rocksdb_writebatch_delete_cf(
      batch, families.emails, email.baseAddress?.assumingMemoryBound(to: CChar.self), email.count)
  }

  func delete(_ ids: [Int]) throws {
    try writing {
      for id in ids {
        StoredPerson.write(key: id, to: key)
        guard try get(families.rows, key, 8, { removeEmail($0) }) != nil else { continue }
        rocksdb_writebatch_delete_cf(batch, families.rows, key, 8)
      }
    }
  }

  func delete(_ ids: Range<Int>) throws {
    try writing {
      try walk(from: ids.lowerBound) { key, row in
        guard StoredPerson.id(key) < ids.upperBound else { return false }
        removeEmail(row)
        return true
      }
      StoredPerson.write(key: ids.lowerBound, to: key)
      StoredPerson.write(key: ids.upperBound, to: row)
      rocksdb_writebatch_delete_range_cf(batch, families.rows, key, 8, row, 8)
    }
  }

  func createIndex() throws {
    let options = rocksdb_options_create()
    defer { rocksdb_options_destroy(options) }
    rocksdb_options_set_compression(options, Int32(rocksdb_lz4_compression))
    names = try RocksDB.checked { rocksdb_create_column_family(database, options, "names", $0) }
    try writing {
      try walk(from: nil) { id, bytes in
        let length = StoredPerson.writeNameKey(bytes, id: id, to: row)
        rocksdb_writebatch_put_cf(
          batch, names, row, length, id.assumingMemoryBound(to: CChar.self), 8)
        return true
      }
    }
  }

  func dropIndex() throws {
    try RocksDB.checked { rocksdb_drop_column_family(database, names, $0) }
    rocksdb_column_family_handle_destroy(names)
    names = nil
  }

  func dropTable() throws {
    try RocksDB.checked { rocksdb_drop_column_family(database, families.rows, $0) }
    try RocksDB.checked { rocksdb_drop_column_family(database, families.emails, $0) }
  }
}
