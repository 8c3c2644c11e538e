// What the program asks of the system. The C library is imported here for all of its files. Foundation, which would bring
// it too, would more than double the time that the program takes to start, and a database is asked short questions often.

#if canImport(Darwin)
  @_exported import Darwin
#elseif canImport(Glibc)
  @_exported import Glibc
#elseif canImport(Musl)
  @_exported import Musl
#endif

/// The system's calls under names that no method hides, and in words of Swift.
enum System {
  /// The variables of the environment that have these names.
  static func environment(_ names: String...) -> [String: String] {
    var found: [String: String] = [:]
    for name in names {
      if let value = getenv(name) { found[name] = String(cString: value) }
    }
    return found
  }

  /// What an error's number means.
  static func meaning(of number: Int32) -> String { String(cString: strerror(number)) }

  // MARK: Descriptors

  /// Opens a file for reading; negative if that is not to be had.
  static func open(reading path: String) -> Int32 { openCall(path, O_RDONLY | O_CLOEXEC) }

  static func close(_ descriptor: Int32) { _ = closeCall(descriptor) }

  static func read(_ descriptor: Int32, into target: UnsafeMutableRawBufferPointer) -> Int {
    readCall(descriptor, target.baseAddress, target.count)
  }

  /// Writes all bytes, unless the system takes no more.
  ///
  /// - Returns: the number of the error, or nil.
  static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32? {
    var offset = 0
    while offset < bytes.count {
      let count = writeCall(descriptor, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
      if count > 0 {
        offset += count
      } else if errno != EINTR {
        return errno
      }
    }
    return nil
  }

  // MARK: Files

  /// All bytes of a file; nil if it cannot be read.
  static func contents(of path: String) -> [UInt8]? {
    let descriptor = open(reading: path)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = chunk.withUnsafeMutableBytes { read(descriptor, into: $0) }
      if count == 0 { return bytes }
      if count > 0 { bytes += chunk[..<count] } else if errno != EINTR { return nil }
    }
  }

  /// The names in a folder, but for itself and the one around it; none if it cannot be read.
  static func names(in folder: String) -> [String] {
    guard let listing = opendir(folder) else { return [] }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { place in
        place.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: place.pointee)) {
          String(cString: $0)
        }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Makes a folder and those around it that are not there, for their owner only.
  static func makeFolder(_ path: String) {
    guard !path.isEmpty, !isFolder(path) else { return }
    makeFolder(folder(of: path))
    mkdir(path, 0o700)
  }

  /// What stands before the last slash of a path; `/` for what lies in it, empty where there is no slash.
  static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// A path with the home of its owner in place of `~` or `~NAME` before the first slash.
  static func expanded(_ path: String) -> String {
    guard path.utf8.first == UInt8(ascii: "~") else { return path }
    let end = path.utf8.firstIndex(of: UInt8(ascii: "/")) ?? path.endIndex
    let owner = path[..<end].dropFirst()
    let home =
      owner.isEmpty
      ? getenv("HOME").map { String(cString: $0) }
      : getpwnam(String(owner)).flatMap { $0.pointee.pw_dir }.map { String(cString: $0) }
    return home.map { $0 + path[end...] } ?? path
  }

  // MARK: Threads

  /// Starts a thread that nobody waits for.
  static func startThread(_ body: @escaping @Sendable () -> Void) {
    let argument = Unmanaged.passRetained(ThreadBody(body)).toOpaque()
    #if canImport(Darwin)
      var thread: pthread_t?
      let code = pthread_create(&thread, nil, { ThreadBody.run($0) }, argument)
      if let thread, code == 0 { pthread_detach(thread) }
    #else
      var thread = pthread_t()
      let code = pthread_create(&thread, nil, { $0.flatMap { ThreadBody.run($0) } }, argument)
      if code == 0 { pthread_detach(thread) }
    #endif
    if code != 0 { Unmanaged<ThreadBody>.fromOpaque(argument).release() }
  }
}

/// What a thread does, on its way there.
private final class ThreadBody: Sendable {
  private let body: @Sendable () -> Void

  init(_ body: @escaping @Sendable () -> Void) { self.body = body }

  static func run(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().body()
    return nil
  }
}

// Within `System` these names are its own.
private func openCall(_ path: String, _ flags: Int32) -> Int32 { open(path, flags) }
private func closeCall(_ descriptor: Int32) -> Int32 { close(descriptor) }
private func readCall(_ descriptor: Int32, _ target: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(descriptor, target, count)
}
private func writeCall(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
