import Foundation

/// The files of an engine, all in one folder.
public enum FolderFiles {
  /// Their paths, those in folders within included.
  public static func paths(in folder: String) -> [String] {
    guard let names = FileManager.default.enumerator(atPath: folder) else { return [] }
    return names.compactMap { $0 as? String }.map { "\(folder)/\($0)" }.filter { path in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
    }
  }

  /// Bytes that they take on disk: what is reserved counts, holes do not.
  public static func bytesOnDisk(in folder: String) -> Double {
    paths(in: folder).reduce(0) { sum, path in
      var status = stat()
      return stat(path, &status) == 0 ? sum + Double(status.st_blocks) * 512 : sum
    }
  }

  /// Makes the system forget what it holds of them in memory, so that the next read comes from the device.
  ///
  /// - Returns: false where the system has no such call.
  public static func evict(_ folder: String) -> Bool {
    #if os(Linux)
      for path in paths(in: folder) {
        let file = open(path, O_RDONLY)
        guard file >= 0 else { continue }
        fdatasync(file)
        posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)
        close(file)
      }
      return true
    #else
      return false
    #endif
  }

  /// Makes an empty folder.
  public static func make(_ folder: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  /// Removes a folder with all that is in it.
  public static func remove(_ folder: String) { try? FileManager.default.removeItem(atPath: folder) }

  /// Copies a folder as it lies, as a crash would leave it.
  public static func copy(_ folder: String, to target: String) throws {
    try FileManager.default.copyItem(atPath: folder, toPath: target)
  }
}
