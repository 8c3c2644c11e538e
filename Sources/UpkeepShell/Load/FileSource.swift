import Synchronization
import Upkeep

/// A file or standard input as bytes.
final class FileSource: ByteSource {
  private let path: String
  private let descriptor: Int32
  /// The file's length, where it has one.
  let size: Int?
  private let count = Atomic<Int>(0)
  private let isUnwanted = Atomic(false)
  /// How many bytes were read from it; asked for on one thread while another reads.
  var byteCount: Int { count.load(ordering: .relaxed) }

  /// Opens a file; `-` is standard input.
  init(_ path: String) throws(ShellError) {
    self.path = path
    descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system("cannot read \(path)", errno) }
    size = try Self.size(descriptor, path)
  }

  /// What was kept of standard input, from its start; the descriptor stays the caller's.
  init(kept descriptor: Int32) throws(ShellError) {
    path = "-"
    self.descriptor = dup(descriptor)
    guard self.descriptor >= 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
      throw .system("cannot read what was kept of standard input", errno)
    }
    size = try Self.size(descriptor, path)
  }

  private static func size(_ descriptor: Int32, _ path: String) throws(ShellError) -> Int? {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .system("cannot read \(path)", errno) }
    let kind = status.st_mode & S_IFMT
    guard kind != S_IFDIR else { throw ShellError("cannot read \(path): it is a folder", code: .io) }
    return kind == S_IFREG ? Int(status.st_size) : nil
  }

  deinit {
    if descriptor != STDIN_FILENO { close(descriptor) }
  }

  func stopWaiting() { isUnwanted.store(true, ordering: .relaxed) }

  /// Waits until there is something to read, until somebody presses Ctrl-C, or until nobody wants it any more.
  private func waitForMore() throws(UpkeepError) {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    repeat {
      if Interrupts.isPending || isUnwanted.load(ordering: .relaxed) {
        throw UpkeepError(.cancelled, "the load was stopped; nothing of it was stored")
      }
    } while size == nil && poll(&waiting, 1, 100) == 0
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(UpkeepError) -> Int {
    while true {
      try waitForMore()
      let count = System.read(descriptor, into: target)
      if count >= 0 {
        self.count.wrappingAdd(count, ordering: .relaxed)
        return count
      }
      if errno != EINTR {
        throw UpkeepError(.io, "cannot read \(path): \(System.meaning(of: errno))")
      }
    }
  }
}

extension OpenFile {
  /// A file that a statement names; a `.gz` one as it was before.
  init(_ path: String) throws(UpkeepError) {
    do throws(ShellError) {
      let format = try FeedArguments.format(of: path)
      let isGzip = path.lowercased().hasSuffix(".gz")
      self.init(GzipSource(try FileSource(path), path: path, mustBeGzip: isGzip), format)
    } catch {
      throw UpkeepError(error.code, error.message)
    }
  }
}

/// Standard input in a file without a name, so that it can be read twice.
final class KeptInput {
  let descriptor: Int32

  init() throws {
    let wish = System.environment("TMPDIR")["TMPDIR"] ?? ""
    let folder = wish.isEmpty ? "/tmp" : wish
    var name = Array("\(folder)/upkeep-input-XXXXXX".utf8CString)
    descriptor = mkstemp(&name)
    guard descriptor >= 0 else { throw ShellError.system("cannot keep standard input", errno) }
    unlink(name)
    let source = try FileSource("-")
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
    defer { chunk.deallocate() }
    while true {
      let count = try source.read(into: chunk)
      if count == 0 { return }
      if let failure = System.write(UnsafeRawBufferPointer(rebasing: chunk[..<count]), to: descriptor) {
        throw ShellError.system("cannot keep standard input", failure)
      }
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }
}
