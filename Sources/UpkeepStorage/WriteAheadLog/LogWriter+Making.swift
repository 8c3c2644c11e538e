// A new log's file: its name, and what a crash left under it.

extension LogWriter {
  /// Makes a log, under another name, synced, whose first segment continues `superblock`.
  static func make(
    path: String, in folder: StoreFolder, continuing superblock: Superblock
  ) throws(StorageError) -> LogWriter {
    let temporary = try name(besides: path, in: folder)
    let file = try folder.open(temporary, .createNew)
    do throws(StorageError) {
      let log = try LogWriter(file: file, continuing: superblock)
      try folder.renameExclusively(temporary, to: path)
      #if UPKEEP_PLANTS
        if Plant.isOn(.skipsFolderSync) { return log }
      #endif
      try folder.syncDirectory(of: path)
      return log
    } catch {
      try? folder.remove(temporary)
      throw error
    }
  }

  /// A name for a log in the making. What a crash left there is removed, if it shows that it is ours; anything else
  /// stays, and another name is taken.
  private static func name(besides path: String, in folder: StoreFolder) throws(StorageError) -> String {
    for ending in ["-new", "-new2", "-new3", "-new4"] {
      let temporary = path + ending
      guard let status = try folder.status(temporary) else { return temporary }
      guard status.isRegularFile,
        let file = try? folder.open(temporary, .readOnly), try file.isUnfinished(magic: LogSegment.magic)
      else { continue }
      try folder.remove(temporary)
      return temporary
    }
    throw .logMismatch(
      file: path + "-new", reason: "it is in the way of a new log, and is none: move it away")
  }
}
