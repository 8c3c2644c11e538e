import Testing

@testable import UpkeepStorage

/// The clock, the epochs and the hazards, each looked at alone.
struct FramePoolTests {
  let table = PageTable()
  let slots = ReaderSlots()
  let pool: FramePool
  static let limit = 16

  init() { pool = FramePool(frameSize: 512, limit: Self.limit, table: table, slots: slots) }

  private func read(_ id: UInt64) throws -> UnsafeMutableRawPointer {
    let page = PageID(rawValue: id)
    let frame = try pool.take(for: page, as: .loading)
    frame.base.storeBytes(of: id, as: UInt64.self)
    pool.publish(page, in: frame)
    return frame.base
  }

  private func isResident(_ id: UInt64) -> Bool { table.frame(PageID(rawValue: id)) != nil }

  private func touch(_ id: UInt64) {
    let place = table.frameWord(PageID(rawValue: id))
    let word = place.pointee.load(ordering: .relaxed)
    if word != 0 { place.pointee.store(word | PageTable.referenced, ordering: .relaxed) }
  }

  @Test func pagesThatTheDiskHasGoWhenFramesRunOut() throws {
    for id in 1...1000 { _ = try read(UInt64(id)) }
    #expect(pool.figures.peak <= Self.limit)
    #expect(pool.figures.evictions >= 1000 - UInt64(Self.limit))
    let resident = (1...1000).filter { isResident(UInt64($0)) }
    #expect(!resident.isEmpty && resident.count <= Self.limit)
    for id in resident {
      #expect(table.frame(PageID(rawValue: UInt64(id)))?.load(as: UInt64.self) == UInt64(id))
    }
  }

  @Test func aPageThatIsLookedAtStays() throws {
    _ = try read(1)
    for id in 2...500 {
      touch(1)
      _ = try read(UInt64(id))
      #expect(isResident(1), "after page \(id)")
    }
    for id in 501...600 { _ = try read(UInt64(id)) }
    #expect(!isResident(1))
  }

  @Test func dirtyPagesStayUntilTheDiskHasThem() throws {
    let dirty = (1...8).map { PageID(rawValue: $0) }
    for id in dirty { _ = try pool.take(for: id, as: .dirty) }
    for id in 100...400 { _ = try read(UInt64(id)) }
    #expect(dirty.allSatisfy { isResident($0.rawValue) })
    #expect(pool.figures.dirtyCount == 8)
    pool.markClean(dirty)
    #expect(pool.figures.dirtyCount == 0)
    for id in 500...800 { _ = try read(UInt64(id)) }
    #expect(!dirty.contains { isResident($0.rawValue) })
  }

  @Test func dirtyPagesBeyondTheLimitGoBackToTheSystemOnceClean() throws {
    let dirty = (1...200).map { PageID(rawValue: $0) }
    for id in dirty { _ = try pool.take(for: id, as: .dirty) }
    #expect(pool.figures.frameCount == 200)
    pool.markClean(dirty)
    for id in 1000...3000 { _ = try read(UInt64(id)) }
    #expect(pool.figures.frameCount <= Self.limit)
  }

  @Test func anOperationKeepsWhatItMayHaveFound() throws {
    let line = slots.line(try #require(slots.claim(1, hint: 0)))
    for id in 1...16 { _ = try read(UInt64(id)) }
    let found = (1...16).compactMap { id in table.frame(PageID(rawValue: UInt64(id))).map { (UInt64(id), $0) }
    }
    line.enter()
    for id in 17...200 { _ = try read(UInt64(id)) }
    #expect(found.contains { !isResident($0.0) })
    #expect(found.allSatisfy { $0.1.load(as: UInt64.self) == $0.0 })
    #expect(pool.figures.leavingCount > 0)
    line.leave()
    for id in 201...300 { _ = try read(UInt64(id)) }
    #expect(!found.contains { $0.1.load(as: UInt64.self) == $0.0 })
  }

  @Test func anOperationWithABarrierOfItsOwnKeepsWhatItMayHaveFoundToo() throws {
    let table = PageTable()
    let slots = ReaderSlots(fencesOperations: true)
    let pool = FramePool(frameSize: 512, limit: Self.limit, table: table, slots: slots)
    let line = slots.line(try #require(slots.claim(1, hint: 0)))
    func read(_ numbers: ClosedRange<UInt64>) throws {
      for number in numbers {
        let frame = try pool.take(for: PageID(rawValue: number), as: .loading)
        frame.base.storeBytes(of: number, as: UInt64.self)
        pool.publish(PageID(rawValue: number), in: frame)
      }
    }
    try read(1...16)
    let found = try #require(table.frame(PageID(rawValue: 16)))
    line.enter()
    try read(17...200)
    #expect(table.frame(PageID(rawValue: 16)) == nil)
    #expect(found.load(as: UInt64.self) == 16)
    line.leave()
    try read(201...300)
    #expect(found.load(as: UInt64.self) != 16)
  }

  @Test func anOperationThatBeganLaterHoldsNothingBack() throws {
    let old = slots.line(try #require(slots.claim(1, hint: 0)))
    old.enter()
    for id in 1...40 { _ = try read(UInt64(id)) }
    let leaving = pool.figures.leavingCount
    let new = slots.line(try #require(slots.claim(1, hint: 0)))
    new.enter()
    old.leave()
    #expect(leaving > 0)
    for id in 41...48 { _ = try read(UInt64(id)) }
    #expect(pool.figures.leavingCount < leaving + 8)
    #expect(slots.oldestOperation() > 1)
    new.leave()
    #expect(slots.oldestOperation() == .max)
  }

  @Test func aHazardKeepsItsFrameAndNoOther() throws {
    let line = slots.line(try #require(slots.claim(1, hint: 0)))
    let frame = try read(1)
    let other = try read(2)
    line.enter()
    line.keep(UnsafeRawPointer(frame), in: 3)
    line.leave()
    for id in 3...300 { _ = try read(UInt64(id)) }
    #expect(frame.load(as: UInt64.self) == 1)
    #expect(other.load(as: UInt64.self) != 2)
    #expect(slots.hazards() == [UInt(bitPattern: frame)])
    line.keep(nil, in: 3)
    for id in 301...400 { _ = try read(UInt64(id)) }
    #expect(frame.load(as: UInt64.self) != 1)
    #expect(pool.figures.peak <= Self.limit)
  }

  @Test func theWritersLineCountsToo() throws {
    let frame = try read(1)
    slots.writerLine.enter()
    for id in 2...60 { _ = try read(UInt64(id)) }
    #expect(frame.load(as: UInt64.self) == 1)
    slots.writerLine.keep(UnsafeRawPointer(frame), in: 0)
    slots.writerLine.leave()
    for id in 61...160 { _ = try read(UInt64(id)) }
    #expect(frame.load(as: UInt64.self) == 1)
  }

  @Test func aPageThatNobodyCanSeeGivesItsFrameAtOnce() throws {
    _ = try pool.take(for: PageID(rawValue: 1), as: .dirty)
    pool.remove(PageID(rawValue: 1))
    #expect(!isResident(1))
    #expect(pool.figures.dirtyCount == 0)
    _ = try pool.take(for: PageID(rawValue: 2), as: .dirty)
    #expect(pool.figures.frameCount == 1)
  }

  @Test func aReaderHasCellsForThirteenCursors() throws {
    let store = PageStore(pageSize: 512, source: nil)
    let reader = PageReader(store, line: slots.line(0))
    let cells = (0..<13).compactMap { _ in reader.takeCell() }
    #expect(Set(cells) == Set(1...13))
    #expect(reader.takeCell() == nil)
  }
}
