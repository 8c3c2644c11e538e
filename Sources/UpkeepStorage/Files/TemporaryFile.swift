/// Makes files that nobody finds, beside the database: for what one caller must keep for a while and memory should not.
package struct TemporaryFiles: Sendable {
  private let fileSystem: any FileSystem
  private let path: String

  init(_ fileSystem: any FileSystem, beside path: String) {
    self.fileSystem = fileSystem
    self.path = path
  }

  /// Makes an empty file. It has no name any more, so that nothing is left of it when the process ends, however that is.
  package func make() throws(StorageError) -> TemporaryFile {
    let name = "\(path)-spool-\(UInt64.random(in: 0 ... .max))"
    do throws(FileError) {
      let file = try fileSystem.open(name, .createNew)
      try fileSystem.remove(name)
      return TemporaryFile(file)
    } catch {
      throw error.isFull ? .full(error) : .io(error)
    }
  }
}

/// A file without a name, gone with the last reference to it. What goes wrong with it concerns nobody but its user.
package final class TemporaryFile: Sendable {
  private let file: any File

  init(_ file: any File) { self.file = file }

  package func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StorageError) {
    do { try file.write(bytes, at: offset) } catch { throw error.isFull ? .full(error) : .io(error) }
  }

  /// - Returns: the bytes read: fewer than asked for only where the file ends.
  package func read(
    into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
  ) throws(StorageError) -> Int {
    do { return try file.read(into: buffer, at: offset) } catch { throw .io(error) }
  }
}
