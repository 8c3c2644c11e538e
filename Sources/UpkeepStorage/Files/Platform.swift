// Every system call on a file, and all that differs between systems. The rest of the package sees
// these functions only. Each returns the system's error number, or 0, unless it says otherwise.

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

enum Platform {
  /// The most bytes one call moves; some systems refuse more than 2 GB at once.
  private static let longestTransfer = 1 << 30

  struct Status {
    var isRegularFile: Bool
    var size: UInt64
    var identity: FileIdentity
  }

  // MARK: Open and close

  static func open(_ path: String, _ mode: FileOpenMode) -> Result<Int32, SystemError> {
    // O_NONBLOCK: opening a pipe that nobody writes must not wait; regular files ignore it.
    var flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
    switch mode {
    case .readOnly: flags |= O_RDONLY
    case .readWrite: flags |= O_RDWR
    case .createNew: flags |= O_RDWR | O_CREAT | O_EXCL
    }
    let descriptor = repeatWhileInterrupted { path.withCString { openCall($0, flags, 0o600) } }
    if descriptor < 0 {
      // A folder or a socket: not a regular file, in the words the seam promises.
      if errno == EISDIR || errno == ENXIO { return .failure(SystemError(EINVAL)) }
      return .failure(SystemError(errno))
    }
    if descriptor > 2 { return .success(descriptor) }
    // A program that started without standard streams must not print into a database.
    let higher = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
    let code = errno
    _ = closeCall(descriptor)
    return higher < 0 ? .failure(SystemError(code)) : .success(higher)
  }

  static func close(_ descriptor: Int32) {
    // Not repeated when interrupted: the descriptor is gone all the same, and may be another's by then.
    _ = closeCall(descriptor)
  }

  // MARK: Bytes

  /// The bytes read: fewer than asked for only where the file ends.
  static func read(
    _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
  ) -> Result<Int, SystemError> {
    guard let base = buffer.baseAddress else { return .success(0) }
    guard offset <= UInt64(Int64.max) - UInt64(buffer.count) else { return .failure(SystemError(EFBIG)) }
    var done = 0
    while done < buffer.count {
      let length = min(buffer.count - done, longestTransfer)
      let count = repeatWhileInterrupted {
        pread(descriptor, base + done, length, off_t(offset) + off_t(done))
      }
      if count < 0 { return .failure(SystemError(errno)) }
      if count == 0 { break }
      done += count
    }
    return .success(done)
  }

  static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at offset: UInt64) -> Int32 {
    guard let base = bytes.baseAddress else { return 0 }
    guard offset <= UInt64(Int64.max) - UInt64(bytes.count) else { return EFBIG }
    var done = 0
    while done < bytes.count {
      let length = min(bytes.count - done, longestTransfer)
      let count = repeatWhileInterrupted {
        pwrite(descriptor, base + done, length, off_t(offset) + off_t(done))
      }
      if count < 0 { return errno }
      // A system that takes nothing and names no reason would hold us here for ever.
      if count == 0 { return EIO }
      done += count
    }
    return 0
  }

  // MARK: Size and space

  static func status(_ descriptor: Int32) -> Result<Status, SystemError> {
    var record = stat()
    return fstat(descriptor, &record) == 0 ? .success(Status(record)) : .failure(SystemError(errno))
  }

  /// Nil if nothing stands there. Links are not followed.
  static func status(_ path: String) -> Result<Status?, SystemError> {
    var record = stat()
    if path.withCString({ lstat($0, &record) }) == 0 { return .success(Status(record)) }
    return errno == ENOENT ? .success(nil) : .failure(SystemError(errno))
  }

  static func truncate(_ descriptor: Int32, to size: UInt64) -> Int32 {
    guard let size = off_t(exactly: size) else { return EFBIG }
    return repeatWhileInterrupted { ftruncate(descriptor, size) } == 0 ? 0 : errno
  }

  /// Reserves blocks; the file grows to `range.upperBound` if it is shorter.
  static func allocate(_ descriptor: Int32, _ range: Range<UInt64>) -> Int32 {
    guard !range.isEmpty else { return 0 }
    guard let lower = off_t(exactly: range.lowerBound), let upper = off_t(exactly: range.upperBound) else {
      return EFBIG
    }
    #if canImport(Darwin)
      return allocateOnDarwin(descriptor, lower, upper)
    #else
      while true {
        switch posix_fallocate(descriptor, lower, upper - lower) {
        case EINTR: continue
        case EOPNOTSUPP, ENOSYS: return fill(descriptor, range)
        case let code: return code
        }
      }
    #endif
  }

  #if canImport(Darwin)
    private static func allocateOnDarwin(_ descriptor: Int32, _ lower: off_t, _ upper: off_t) -> Int32 {
      var record = stat()
      guard fstat(descriptor, &record) == 0 else { return errno }
      // F_PREALLOCATE counts from the end of the file; what lies before it is filled by writing.
      let end = record.st_size
      if end > lower {
        let code = fill(descriptor, UInt64(lower)..<UInt64(min(end, upper)))
        if code != 0 { return code }
      }
      guard upper > end else { return 0 }
      var request = fstore_t(
        fst_flags: UInt32(F_ALLOCATEALL), fst_posmode: F_PEOFPOSMODE, fst_offset: 0,
        fst_length: upper - end, fst_bytesalloc: 0)
      if fcntl(descriptor, F_PREALLOCATE, &request) != 0 {
        guard errno == ENOTSUP || errno == EINVAL else { return errno }
        return fill(descriptor, UInt64(end)..<UInt64(upper))
      }
      return truncate(descriptor, to: UInt64(upper))
    }
  #endif

  /// Reserves by writing where the file system knows no other way: what is there again, and zeros
  /// behind the end.
  private static func fill(_ descriptor: Int32, _ range: Range<UInt64>) -> Int32 {
    withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer in
      var offset = range.lowerBound
      while offset < range.upperBound {
        let length = Int(min(UInt64(buffer.count), range.upperBound - offset))
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<length])
        switch read(descriptor, into: part, at: offset) {
        case .failure(let error): return error.code
        case .success(let count):
          UnsafeMutableRawBufferPointer(rebasing: part[count...]).initializeMemory(
            as: UInt8.self, repeating: 0)
        }
        let code = write(descriptor, UnsafeRawBufferPointer(part), at: offset)
        if code != 0 { return code }
        offset += UInt64(length)
      }
      return 0
    }
  }

  // MARK: Sync

  static func sync(_ descriptor: Int32, _ kind: FileSync) -> Int32 {
    #if canImport(Darwin)
      // fsync only hands the bytes to the drive there; this one waits until the drive has kept them.
      if repeatWhileInterrupted({ fcntl(descriptor, F_FULLFSYNC) }) != -1 { return 0 }
      guard errno == ENOTSUP || errno == EINVAL || errno == ENOTTY else { return errno }
      return repeatWhileInterrupted { fsync(descriptor) } == 0 ? 0 : errno
    #else
      let result =
        switch kind {
        case .data: repeatWhileInterrupted { fdatasync(descriptor) }
        case .full: repeatWhileInterrupted { fsync(descriptor) }
        }
      return result == 0 ? 0 : errno
    #endif
  }

  static func syncDirectory(_ path: String) -> Int32 {
    let descriptor = repeatWhileInterrupted {
      path.withCString { openCall($0, O_RDONLY | O_CLOEXEC | O_DIRECTORY, 0) }
    }
    if descriptor < 0 { return errno }
    let code = sync(descriptor, .full)
    close(descriptor)
    // A file system without such a thing says so with EINVAL, and keeps names by other means.
    return code == EINVAL ? 0 : code
  }

  // MARK: Names

  static func renameExclusively(_ path: String, to newPath: String) -> Int32 {
    path.withCString { old in
      newPath.withCString { new in
        #if canImport(Darwin)
          if renamex_np(old, new, UInt32(RENAME_EXCL)) == 0 { return 0 }
          guard errno == ENOTSUP || errno == EINVAL else { return errno }
        #else
          if let renameNoReplace {
            if renameNoReplace(AT_FDCWD, old, AT_FDCWD, new, 1) == 0 { return 0 }  // 1: RENAME_NOREPLACE
            guard errno == ENOSYS || errno == EINVAL else { return errno }
          }
        #endif
        // A link fails where the name is taken. A crash in between leaves both names, of one file.
        if link(old, new) != 0 { return errno }
        return unlink(old) == 0 ? 0 : errno
      }
    }
  }

  #if !canImport(Darwin)
    private typealias RenameCall =
      @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32

    /// renameat2, looked up by name: the C library has it, but its headers hide it from Swift.
    private static let renameNoReplace: RenameCall? = {
      guard let symbol = dlsym(nil, "renameat2") else { return nil }
      return unsafeBitCast(symbol, to: RenameCall.self)
    }()
  #endif

  static func remove(_ path: String) -> Int32 {
    path.withCString { unlink($0) } == 0 ? 0 : errno
  }

  // MARK: Lock

  /// False if another open file holds it, in this process or another.
  static func tryLock(_ descriptor: Int32) -> Result<Bool, SystemError> { setLock(descriptor, taken: true) }

  static func unlock(_ descriptor: Int32) -> Int32 {
    switch setLock(descriptor, taken: false) {
    case .success: 0
    case .failure(let error): error.code
    }
  }

  private static func setLock(_ descriptor: Int32, taken: Bool) -> Result<Bool, SystemError> {
    #if canImport(Darwin)
      let result = repeatWhileInterrupted { flock(descriptor, taken ? LOCK_EX | LOCK_NB : LOCK_UN) }
    #else
      // A lock of the open file, not of the process: an unrelated close elsewhere does not drop it.
      var request = flock()
      request.l_type = Int16(taken ? F_WRLCK : F_UNLCK)
      request.l_whence = Int16(SEEK_SET)
      var result = repeatWhileInterrupted { fcntl(descriptor, setOpenFileLock, &request) }
      if result != 0, errno == EBADF, taken {
        // Open for reading only: a shared lock, which keeps writers out just as well.
        request.l_type = Int16(F_RDLCK)
        result = repeatWhileInterrupted { fcntl(descriptor, setOpenFileLock, &request) }
      }
    #endif
    if result == 0 { return .success(true) }
    if errno == EAGAIN || errno == EACCES || errno == EWOULDBLOCK { return .success(false) }
    return .failure(SystemError(errno))
  }

  #if !canImport(Darwin)
    /// F_OFD_SETLK, which not every C library's headers show.
    private static let setOpenFileLock: Int32 = 37
  #endif

  private static func repeatWhileInterrupted<Number: SignedInteger>(_ call: () -> Number) -> Number {
    while true {
      let result = call()
      if result >= 0 || errno != EINTR { return result }
    }
  }
}

/// A system's error number.
struct SystemError: Error {
  let code: Int32
  init(_ code: Int32) { self.code = code }
}

extension Platform.Status {
  fileprivate init(_ record: stat) {
    isRegularFile = record.st_mode & mode_t(S_IFMT) == mode_t(S_IFREG)
    size = UInt64(max(0, record.st_size))
    identity = FileIdentity(
      device: UInt64(truncatingIfNeeded: record.st_dev), inode: UInt64(truncatingIfNeeded: record.st_ino))
  }
}

/// The clock on the wall, in the zone that the system or TZ says.
package enum WallClock {
  package struct Reading {
    package var year: Int64
    package var month: Int64
    package var day: Int64
    package var secondOfDay: Int64
  }

  /// What it shows at so many seconds since 1970; nil if the system cannot tell.
  package static func reading(at seconds: Int64) -> Reading? {
    var moment = time_t(seconds)
    var parts = tm()
    guard localtime_r(&moment, &parts) != nil else { return nil }
    let second = (Int64(parts.tm_hour) * 60 + Int64(parts.tm_min)) * 60 + Int64(parts.tm_sec)
    return Reading(
      year: Int64(parts.tm_year) + 1900, month: Int64(parts.tm_mon) + 1, day: Int64(parts.tm_mday),
      secondOfDay: second)
  }
}

extension FileError {
  /// The disk, or the user's share of it, is full.
  package var isFull: Bool { code == ENOSPC || code == EDQUOT }
  /// A name was to be new and is not.
  package var isNameTaken: Bool { code == EEXIST }
  /// Nothing stands at the path.
  package var isMissing: Bool { code == ENOENT }

  /// The system's words for the error number.
  package var reason: String {
    if code < 0 { return "power loss" }
    guard let text = strerror(code) else { return "error \(code)" }
    return String(cString: text)
  }
}

/// The error numbers that stand-ins for the disk answer with.
package enum SystemErrorCode {
  package static let inputOutput = EIO
  package static let full = ENOSPC
  package static let noAccess = EACCES
  package static let missing = ENOENT
  package static let exists = EEXIST
  package static let invalid = EINVAL
  package static let readOnlyFile = EBADF
  package static let tooLarge = EFBIG
}

private func openCall(_ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: mode_t) -> Int32 {
  open(path, flags, mode)
}

private func closeCall(_ descriptor: Int32) -> Int32 { close(descriptor) }
