import CLMDB

/// A thread's use of an environment: a read transaction that is renewed for each use, and buffers.
final class LMDBSession: Session {
  private let environment: OpaquePointer?
  private let trees: LMDBTrees
  private var reader: OpaquePointer?
  private let key = UnsafeMutableRawPointer.allocate(byteCount: StoredPerson.longestRow, alignment: 16)
  private let row = UnsafeMutableRawPointer.allocate(byteCount: StoredPerson.longestRow, alignment: 16)
  private let old = UnsafeMutableRawPointer.allocate(byteCount: StoredPerson.longestRow, alignment: 16)

  init(_ environment: OpaquePointer?, _ trees: LMDBTrees) {
    self.environment = environment
    self.trees = trees
  }

  deinit {
    if let reader { mdb_txn_abort(reader) }
    key.deallocate()
    row.deallocate()
    old.deallocate()
  }

  // MARK: Reads

  private func reading(_ body: (OpaquePointer?) throws -> Void) throws {
    if let reader {
      try LMDB.check(mdb_txn_renew(reader))
    } else {
      try LMDB.check(mdb_txn_begin(environment, nil, UInt32(MDB_RDONLY), &reader))
    }
    defer { mdb_txn_reset(reader) }
    try body(reader)
  }

  private func get(_ transaction: OpaquePointer?, _ id: Int) throws -> MDB_val? {
    StoredPerson.write(key: id, to: key)
    return try get(transaction, trees.rows, MDB_val(mv_size: 8, mv_data: key))
  }

  private func get(_ transaction: OpaquePointer?, _ tree: MDB_dbi, _ key: MDB_val) throws -> MDB_val? {
    var key = key
    var value = MDB_val()
    let code = mdb_get(transaction, tree, &key, &value)
    if code == MDB_NOTFOUND { return nil }
    try LMDB.check(code)
    return value
  }

  private func read(_ transaction: OpaquePointer?, _ id: Int) throws -> Int {
    guard let value = try get(transaction, id), let data = value.mv_data else { return 0 }
    return StoredPerson.read(id: id, data, value.mv_size)
  }

  func keepsSnapshot(reading id: Int, _ body: () throws -> Void) throws -> Bool {
    var isSame = false
    try reading { transaction in
      let first = try read(transaction, id)
      try body()
      isSame = try read(transaction, id) == first
    }
    return isSame
  }

  func read(_ ids: ArraySlice<Int>, inOne: Bool) throws -> Int {
    var total = 0
    if inOne {
      try reading { transaction in for id in ids { total &+= try read(transaction, id) } }
    } else {
      for id in ids { try reading { total &+= try read($0, id) } }
    }
    return total
  }

  func read(emails: ArraySlice<String>) throws -> Int {
    var total = 0
    try reading { transaction in
      for email in emails {
        let length = StoredPerson.write(email, to: key)
        guard let holder = try get(transaction, trees.emails, MDB_val(mv_size: length, mv_data: key)),
          let id = holder.mv_data
        else { continue }
        total &+= try read(transaction, StoredPerson.id(id))
      }
    }
    return total
  }

  /// Walks from an id on until `body` says false.
  private func walk(
    _ transaction: OpaquePointer?, from id: Int?, _ body: (MDB_val, MDB_val) throws -> Bool
  ) throws {
    var cursor: OpaquePointer?
    try LMDB.check(mdb_cursor_open(transaction, trees.rows, &cursor))
    defer { mdb_cursor_close(cursor) }
    var at = MDB_val()
    var value = MDB_val()
    if let id {
      StoredPerson.write(key: id, to: key)
      at = MDB_val(mv_size: 8, mv_data: key)
    }
    var code = mdb_cursor_get(cursor, &at, &value, id == nil ? MDB_FIRST : MDB_SET_RANGE)
    while code == 0 {
      if !(try body(at, value)) { return }
      code = mdb_cursor_get(cursor, &at, &value, MDB_NEXT)
    }
    if code != MDB_NOTFOUND { try LMDB.check(code) }
  }

  private func read(_ key: MDB_val, _ value: MDB_val) -> Int {
    guard let id = key.mv_data, let data = value.mv_data else { return 0 }
    return StoredPerson.read(id: StoredPerson.id(id), data, value.mv_size)
  }

  func scan() throws -> Int {
    var total = 0
    try reading { transaction in
      try walk(transaction, from: nil) {
        total &+= read($0, $1)
        return true
      }
    }
    return total
  }

  func ranges(from ids: ArraySlice<Int>) throws -> Int {
    var total = 0
    try reading { transaction in
      for id in ids {
        var left = 100
        try walk(transaction, from: id) {
          total &+= read($0, $1)
          left -= 1
          return left > 0
        }
      }
    }
    return total
  }

  func count() throws -> Int {
    var status = MDB_stat()
    try reading { try LMDB.check(mdb_stat($0, trees.rows, &status)) }
    return status.ms_entries
  }

  func count(_ ids: Range<Int>) throws -> Int {
    var total = 0
    try reading { transaction in
      try walk(transaction, from: ids.lowerBound) { key, _ in
        guard let data = key.mv_data, StoredPerson.id(data) < ids.upperBound else { return false }
        total += 1
        return true
      }
    }
    return total
  }

  func row(at position: Int) throws -> Int {
    var total = 0
    var left = position
    try reading { transaction in
      try walk(transaction, from: nil) {
        if left == 0 { total = read($0, $1) }
        left -= 1
        return left >= 0
      }
    }
    return total
  }

  // MARK: Writes

  private func writing(_ body: (OpaquePointer?) throws -> Void) throws {
    var transaction: OpaquePointer?
    try LMDB.check(mdb_txn_begin(environment, nil, 0, &transaction))
    do { try body(transaction) } catch {
      mdb_txn_abort(transaction)
      throw error
    }
    try LMDB.check(mdb_txn_commit(transaction))
  }

  /// Puts an entry.
  ///
  /// - Returns: false if the flags forbid it because the key is there.
  @discardableResult
  private func put(
    _ transaction: OpaquePointer?, _ tree: MDB_dbi, _ key: MDB_val, _ value: MDB_val, _ flags: Int32 = 0
  ) throws -> Bool {
    var key = key
    var value = value
    let code = mdb_put(transaction, tree, &key, &value, UInt32(bitPattern: flags))
    if code == MDB_KEYEXIST { return false }
    try LMDB.check(code)
    return true
  }

  private func remove(_ transaction: OpaquePointer?, _ tree: MDB_dbi, _ key: MDB_val) throws {
    var key = key
    let code = mdb_del(transaction, tree, &key, nil)
    if code != MDB_NOTFOUND { try LMDB.check(code) }
  }

  private func email(_ row: UnsafeRawPointer) -> MDB_val {
    let email = StoredPerson.email(row)
    return MDB_val(mv_size: email.count, mv_data: UnsafeMutableRawPointer(mutating: email.baseAddress))
  }

  /// Copies a stored row out, for it moves at the next write.
  private func kept(_ value: MDB_val?) -> Int? {
    guard let value, let data = value.mv_data else { return nil }
    old.copyMemory(from: data, byteCount: value.mv_size)
    return value.mv_size
  }

  private func taken(_ person: Person) -> PeerFailure { PeerFailure("email \(person.email) is taken") }

  private func write(_ transaction: OpaquePointer?, _ person: Person, _ kind: WriteKind) throws {
    StoredPerson.write(key: person.id, to: key)
    let id = MDB_val(mv_size: 8, mv_data: key)
    let value = MDB_val(mv_size: StoredPerson.write(person, to: row), mv_data: row)
    switch kind {
    case .insert, .append:
      let flags = kind == .append ? MDB_APPEND : MDB_NOOVERWRITE
      guard try put(transaction, trees.rows, id, value, flags) else { throw PeerFailure("id is taken") }
      guard try put(transaction, trees.emails, email(row), id, MDB_NOOVERWRITE) else { throw taken(person) }
    case .insertOrIgnore:
      guard try put(transaction, trees.rows, id, value, MDB_NOOVERWRITE) else { return }
      if !(try put(transaction, trees.emails, email(row), id, MDB_NOOVERWRITE)) {
        try remove(transaction, trees.rows, id)
      }
    case .upsertByEmail:
      if let holder = try get(transaction, trees.emails, email(row)), let data = holder.mv_data {
        key.copyMemory(from: data, byteCount: 8)
        try put(transaction, trees.rows, id, value)
      } else {
        guard try put(transaction, trees.rows, id, value, MDB_NOOVERWRITE) else {
          throw PeerFailure("id is taken")
        }
        try put(transaction, trees.emails, email(row), id)
      }
    case .upsert, .replace:
      guard let length = kept(try get(transaction, trees.rows, id)) else {
        try put(transaction, trees.rows, id, value)
        return try claim(transaction, person, id, kind)
      }
      if UnsafeRawBufferPointer(start: old, count: length).elementsEqual(
        UnsafeRawBufferPointer(start: row, count: value.mv_size))
      {
        return
      }
      try put(transaction, trees.rows, id, value)
      if !StoredPerson.email(old).elementsEqual(StoredPerson.email(row)) {
        try remove(transaction, trees.emails, email(old))
        try claim(transaction, person, id, kind)
      }
    }
  }

  /// Enters the email into the index; whoever holds it fails the write, or gives way to a replacing row.
  private func claim(_ transaction: OpaquePointer?, _ person: Person, _ id: MDB_val, _ kind: WriteKind) throws
  {
    if try put(transaction, trees.emails, email(row), id, MDB_NOOVERWRITE) { return }
    guard kind == .replace, let holder = try get(transaction, trees.emails, email(row)),
      let data = holder.mv_data
    else { throw taken(person) }
    old.copyMemory(from: data, byteCount: 8)
    try remove(transaction, trees.rows, MDB_val(mv_size: 8, mv_data: old))
    try put(transaction, trees.emails, email(row), id)
  }

  func write(_ people: People, _ kind: WriteKind) throws {
    try writing { transaction in for person in people { try write(transaction, person, kind) } }
  }

  private func delete(_ transaction: OpaquePointer?, _ id: Int) throws {
    guard kept(try get(transaction, id)) != nil else { return }
    try remove(transaction, trees.rows, MDB_val(mv_size: 8, mv_data: key))
    try remove(transaction, trees.emails, email(old))
  }

  func delete(_ ids: [Int]) throws {
    try writing { transaction in for id in ids { try delete(transaction, id) } }
  }

  func delete(_ ids: Range<Int>) throws {
    try writing { transaction in
      var cursor: OpaquePointer?
      try LMDB.check(mdb_cursor_open(transaction, trees.rows, &cursor))
      defer { mdb_cursor_close(cursor) }
      StoredPerson.write(key: ids.lowerBound, to: key)
      var at = MDB_val(mv_size: 8, mv_data: key)
      var value = MDB_val()
      var code = mdb_cursor_get(cursor, &at, &value, MDB_SET_RANGE)
      while code == 0, let data = at.mv_data, let row = value.mv_data, StoredPerson.id(data) < ids.upperBound
      {
        try remove(transaction, trees.emails, email(row))
        try LMDB.check(mdb_cursor_del(cursor, 0))
        code = mdb_cursor_get(cursor, &at, &value, MDB_NEXT)
      }
      if code != MDB_NOTFOUND { try LMDB.check(code) }
    }
  }

  func createIndex() throws {
    try writing { transaction in
      var names: MDB_dbi = 0
      try LMDB.check(mdb_dbi_open(transaction, "names", UInt32(MDB_CREATE), &names))
      try walk(transaction, from: nil) { at, value in
        guard let id = at.mv_data else { return true }
        let bytes = UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size)
        let length = StoredPerson.writeNameKey(bytes, id: id, to: row)
        return try put(transaction, names, MDB_val(mv_size: length, mv_data: row), at, MDB_NOOVERWRITE)
      }
    }
  }

  func dropIndex() throws { try drop(["names"]) }
  func dropTable() throws { try drop(["rows", "emails"]) }

  private func drop(_ names: [String]) throws {
    try writing { transaction in
      for name in names {
        var tree: MDB_dbi = 0
        try LMDB.check(mdb_dbi_open(transaction, name, 0, &tree))
        try LMDB.check(mdb_drop(transaction, tree, 1))
      }
    }
  }
}
