/// A moment in a write transaction that can be returned to: everything that a rollback restores, as one (rule 4).
package struct Savepoint {
  let edits: PageEdits.Mark
  let roots: RootsArray
  let nextTreeID: UInt64
  let logByteCount: Int
  let scratchRoots: [TreeID: TreeRoot]
  let changeCount: Int
  let serial: Int
}
