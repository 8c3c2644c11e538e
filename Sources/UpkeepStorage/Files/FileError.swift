/// A call on a file or folder that the system refused.
public struct FileError: Error, Sendable, Hashable {
  /// The calls of the seam, as an error names them.
  public enum Operation: String, Sendable {
    case open, read, write, allocate, truncate, size, sync, rename, remove, status, lock, syncDirectory
  }

  /// What was asked.
  public let operation: Operation
  /// The file or folder it was asked of.
  public let path: String
  /// The system's error number (`errno`).
  public let code: Int32
  /// Where in the file, in bytes, for reads and writes.
  public let offset: UInt64?

  /// - Parameter code: the system's error number (`errno`).
  public init(_ operation: Operation, path: String, code: Int32, offset: UInt64? = nil) {
    self.operation = operation
    self.path = path
    self.code = code
    self.offset = offset
  }
}
