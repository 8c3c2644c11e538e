import UpkeepStorage

/// The size in which a disk keeps its promise: writing a sector leaves every other as it was. One that is being
/// written when the power goes is mostly old or new, and now and then torn: new in front and old behind, or neither.
let sectorSize: UInt64 = 512

/// A file of the simulated disk: what programs see, what the disk has, and the changes in between.
///
/// 1. `live` is what reads give. `durable` is what is left if all that is unsynced is lost.
/// 2. `pending` are the changes since the last sync, oldest first. A write is kept as the whole sectors it
///    touched, as they were after it: any later of them that survives overwrites any earlier one, which is
///    just what a cache that writes in any order can leave.
/// 3. A sync moves pending changes to `durable`. Bytes that a failed sync left in the cache marked clean are in
///    `live` and in neither of the others.
final class SimulatedInode {
  struct Change {
    enum Kind {
      case write(offset: UInt64, sectors: [UInt8], end: UInt64)
      case resize
    }
    var kind: Kind
    /// The file's size before and after.
    var oldSize: UInt64
    var newSize: UInt64
  }

  let number: UInt64
  var live = FileContents(chunkSize: 4096)
  var durable = FileContents(chunkSize: 4096)
  var pending: [Change] = []
  /// Whether `live` holds bytes that no sync will write.
  private var hasForgottenBytes = false
  /// The open file that holds the lock, and the process it belongs to.
  var lockHolder: (handle: UInt64, process: UInt64)?

  init(number: UInt64) {
    self.number = number
  }

  func copy() -> SimulatedInode {
    let result = SimulatedInode(number: number)
    result.live = live
    result.durable = durable
    result.pending = pending
    result.hasForgottenBytes = hasForgottenBytes
    return result
  }

  // MARK: Changes

  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) {
    guard !bytes.isEmpty else { return }
    let oldSize = live.size
    live.write(bytes, at: offset)
    let end = offset + UInt64(bytes.count)
    let lower = offset / sectorSize * sectorSize
    let upper = (end + sectorSize - 1) / sectorSize * sectorSize
    let sectors = [UInt8](unsafeUninitializedCapacity: Int(upper - lower)) { buffer, count in
      let raw = UnsafeMutableRawBufferPointer(buffer)
      let read = live.read(into: raw, at: lower)
      UnsafeMutableRawBufferPointer(rebasing: raw[read...]).initializeMemory(as: UInt8.self, repeating: 0)
      count = raw.count
    }
    pending.append(
      Change(kind: .write(offset: lower, sectors: sectors, end: end), oldSize: oldSize, newSize: live.size))
  }

  func resize(_ change: (inout FileContents) -> Void) {
    let oldSize = live.size
    change(&live)
    if live.size != oldSize {
      pending.append(Change(kind: .resize, oldSize: oldSize, newSize: live.size))
    }
  }

  // MARK: Syncs

  /// Makes pending changes durable. A sync of the bytes alone covers sizes only as far as the bytes need them.
  func sync(_ kind: FileSync) {
    let lastWrite = pending.lastIndex { if case .write = $0.kind { true } else { false } }
    let count: Int
    switch kind {
    case .full: count = pending.count
    case .data: count = lastWrite.map { $0 + 1 } ?? 0
    }
    guard count > 0 else { return }
    var needed = durable.size
    var reached = durable.size
    for change in pending[..<count] {
      reached = change.newSize
      switch change.kind {
      case .write(_, _, let end): needed = max(needed, end)
      case .resize: needed = min(needed, change.newSize)
      }
    }
    let size = kind == .full ? reached : needed
    if !hasForgottenBytes, count == pending.count, size == live.size {
      durable = live
    } else {
      for change in pending[..<count] { apply(change, to: &durable) }
      durable.truncate(to: size)
    }
    pending.removeSubrange(..<count)
    if size < reached {
      pending.insert(Change(kind: .resize, oldSize: size, newSize: reached), at: 0)
    }
  }

  /// A sync that fails. Sizes stay to be written: they go another way than bytes.
  ///
  /// - Parameter chance: decides which sectors reached the disk all the same.
  func failSync(dropsPages: Bool, _ chance: inout SeededGenerator) {
    var afterLoss = durable
    let keepsNone = chance.oneIn(2)
    for change in pending {
      switch change.kind {
      case .resize:
        if change.newSize < change.oldSize, change.newSize < durable.size {
          durable.truncate(to: change.newSize)
          afterLoss.truncate(to: change.newSize)
        }
      case .write(let offset, let sectors, _):
        guard !keepsNone else { continue }
        forEachSector(offset, sectors) { at, sector in
          // Only where the disk's size already reaches: the new size is not there yet.
          guard at + sectorSize <= durable.size, chance.oneIn(3) else { return }
          durable.write(sector, at: at)
          afterLoss.write(sector, at: at)
        }
      }
    }
    let size = live.size
    pending = durable.size == size ? [] : [Change(kind: .resize, oldSize: durable.size, newSize: size)]
    if dropsPages {
      afterLoss.truncate(to: size)
      live = afterLoss
    } else {
      hasForgottenBytes = true
    }
  }

  // MARK: Power loss

  /// What could be on the disk afterwards.
  func survivor(_ survival: Survival, _ chance: inout SeededGenerator) -> FileContents {
    switch survival {
    case .nothing:
      return durable
    case .everything:
      if !hasForgottenBytes { return live }
      var result = durable
      for change in pending { apply(change, to: &result) }
      result.truncate(to: live.size)
      return result
    case .namesAndSizes:
      var result = durable
      for change in pending where change.newSize < change.oldSize { result.truncate(to: change.newSize) }
      result.truncate(to: live.size)
      return result
    case .random:
      return pending.isEmpty ? durable : randomSurvivor(&chance)
    }
  }

  private func randomSurvivor(_ chance: inout SeededGenerator) -> FileContents {
    // Sizes become durable in their order: all up to one of them. Bytes go their own ways.
    let sizeCount = chance.oneIn(3) ? pending.count : chance.below(pending.count + 1)
    let size = sizeCount == 0 ? durable.size : pending[sizeCount - 1].newSize
    // From "hardly any sector survives" to "hardly any is lost"; or all of most writes.
    let odds = [1, 8, 32, 56, 63][chance.below(5)]
    let isWholeWrites = chance.oneIn(3)
    let filler = Filler.allCases[chance.below(Filler.allCases.count)]
    let tears = chance.oneIn(4)
    var result = durable
    for (index, change) in pending.enumerated() {
      switch change.kind {
      case .resize:
        if index < sizeCount, change.newSize < change.oldSize { result.truncate(to: change.newSize) }
      case .write(let offset, let sectors, _):
        let keepsAll = isWholeWrites && chance.below(64) < odds
        if isWholeWrites && !keepsAll && !chance.oneIn(4) { continue }
        forEachSector(offset, sectors) { at, sector in
          guard at < size else { return }
          if keepsAll || chance.below(64) < odds {
            result.write(sector, at: at)
          } else if tears, chance.oneIn(4), differs(sector, at, in: result) {
            // New in front and old behind, or nothing that makes sense.
            let count = 8 + chance.below(Int(sectorSize) - 8)
            result.write(UnsafeRawBufferPointer(rebasing: sector[..<count]), at: at)
            if chance.oneIn(2) { fill(&result, at, .garbage, &chance) }
          } else if at >= result.size, filler != .zeros {
            fill(&result, at, filler, &chance)
          }
        }
      }
    }
    result.truncate(to: size)
    return result
  }

  /// Whether writing a sector changes it: what is written again as it was stays what it is.
  private func differs(_ sector: UnsafeRawBufferPointer, _ offset: UInt64, in contents: FileContents) -> Bool
  {
    var old = [UInt8](repeating: 0, count: sector.count)
    let count = old.withUnsafeMutableBytes { contents.read(into: $0, at: offset) }
    return count < sector.count || !old.elementsEqual(sector)
  }

  private enum Filler: CaseIterable {
    case zeros, garbage, staleBytes
  }

  /// A size without its bytes may show what was there before: anything.
  private func fill(
    _ contents: inout FileContents, _ offset: UInt64, _ filler: Filler, _ chance: inout SeededGenerator
  ) {
    var bytes = chance.bytes(Int(sectorSize))
    if filler == .staleBytes, live.size >= sectorSize {
      let from = UInt64(chance.below(Int(live.size / sectorSize))) * sectorSize
      bytes.withUnsafeMutableBytes { _ = live.read(into: $0, at: from) }
    }
    bytes.withUnsafeBytes { contents.write($0, at: offset) }
  }

  private func apply(_ change: Change, to contents: inout FileContents) {
    switch change.kind {
    case .resize: contents.truncate(to: change.newSize)
    case .write(let offset, let sectors, _):
      sectors.withUnsafeBytes { contents.write($0, at: offset) }
      contents.truncate(to: change.newSize)
    }
  }

  private func forEachSector(
    _ offset: UInt64, _ sectors: [UInt8], _ body: (UInt64, UnsafeRawBufferPointer) -> Void
  ) {
    sectors.withUnsafeBytes { bytes in
      for start in stride(from: 0, to: bytes.count, by: Int(sectorSize)) {
        let end = min(start + Int(sectorSize), bytes.count)
        body(offset + UInt64(start), UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
      }
    }
  }
}
