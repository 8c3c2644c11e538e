import Upkeep

/// The system's SQLite library, found when it is wanted: the program runs without it.
final class SQLiteLibrary {
  typealias Database = OpaquePointer
  typealias Statement = OpaquePointer
  typealias Text = UnsafePointer<CChar>

  typealias OpenFunction = @convention(c) (Text?, UnsafeMutablePointer<Database?>?, Int32, Text?) -> Int32
  typealias CloseFunction = @convention(c) (Database?) -> Int32
  typealias ErrorMessageFunction = @convention(c) (Database?) -> Text?
  typealias BusyTimeoutFunction = @convention(c) (Database?, Int32) -> Int32
  typealias PrepareFunction =
    @convention(c) (Database?, Text?, Int32, UnsafeMutablePointer<Statement?>?, UnsafeMutablePointer<Text?>?)
    -> Int32
  typealias StepFunction = @convention(c) (Statement?) -> Int32
  typealias FinalizeFunction = @convention(c) (Statement?) -> Int32
  typealias ColumnCountFunction = @convention(c) (Statement?) -> Int32
  typealias ColumnTypeFunction = @convention(c) (Statement?, Int32) -> Int32
  typealias ColumnIntegerFunction = @convention(c) (Statement?, Int32) -> Int64
  typealias ColumnRealFunction = @convention(c) (Statement?, Int32) -> Double
  typealias ColumnTextFunction = @convention(c) (Statement?, Int32) -> UnsafePointer<UInt8>?
  typealias ColumnBlobFunction = @convention(c) (Statement?, Int32) -> UnsafeRawPointer?
  typealias ColumnByteCountFunction = @convention(c) (Statement?, Int32) -> Int32
  typealias ColumnMetadataFunction =
    @convention(c) (
      Database?, Text?, Text?, Text?, UnsafeMutablePointer<Text?>?, UnsafeMutablePointer<Text?>?,
      UnsafeMutablePointer<Int32>?, UnsafeMutablePointer<Int32>?, UnsafeMutablePointer<Int32>?
    ) -> Int32

  let open: OpenFunction
  let close: CloseFunction
  let errorMessage: ErrorMessageFunction
  let busyTimeout: BusyTimeoutFunction
  let prepare: PrepareFunction
  let step: StepFunction
  let finalize: FinalizeFunction
  let columnCount: ColumnCountFunction
  let columnType: ColumnTypeFunction
  let columnInteger: ColumnIntegerFunction
  let columnReal: ColumnRealFunction
  let columnText: ColumnTextFunction
  let columnBlob: ColumnBlobFunction
  let columnByteCount: ColumnByteCountFunction
  let columnMetadata: ColumnMetadataFunction

  /// Where it is looked for; the environment's `UPKEEP_SQLITE` goes before all.
  private static let names = [
    "libsqlite3.so.0", "libsqlite3.so", "libsqlite3.dylib", "/usr/lib/libsqlite3.dylib",
  ]

  init() throws(ShellError) {
    let wish = System.environment("UPKEEP_SQLITE")["UPKEEP_SQLITE"]
    let handles = (wish.map { [$0] } ?? Self.names).lazy.compactMap { dlopen($0, RTLD_NOW) }
    guard let handle = handles.first else {
      throw ShellError(
        "the SQLite library is not there (\(wish ?? Self.names[0])); install libsqlite3, or load a dump: "
          + "sqlite3 FILE .dump | upkeep DATABASE", code: .unsupported)
    }
    func symbol<T>(_ name: String, _ type: T.Type) throws(ShellError) -> T {
      guard let address = dlsym(handle, name) else {
        throw ShellError("the SQLite library lacks \(name); it is too old", code: .unsupported)
      }
      // The types above are those of sqlite3.h.
      return unsafeBitCast(address, to: type)
    }
    open = try symbol("sqlite3_open_v2", OpenFunction.self)
    close = try symbol("sqlite3_close_v2", CloseFunction.self)
    errorMessage = try symbol("sqlite3_errmsg", ErrorMessageFunction.self)
    busyTimeout = try symbol("sqlite3_busy_timeout", BusyTimeoutFunction.self)
    prepare = try symbol("sqlite3_prepare_v2", PrepareFunction.self)
    step = try symbol("sqlite3_step", StepFunction.self)
    finalize = try symbol("sqlite3_finalize", FinalizeFunction.self)
    columnCount = try symbol("sqlite3_column_count", ColumnCountFunction.self)
    columnType = try symbol("sqlite3_column_type", ColumnTypeFunction.self)
    columnInteger = try symbol("sqlite3_column_int64", ColumnIntegerFunction.self)
    columnReal = try symbol("sqlite3_column_double", ColumnRealFunction.self)
    columnText = try symbol("sqlite3_column_text", ColumnTextFunction.self)
    columnBlob = try symbol("sqlite3_column_blob", ColumnBlobFunction.self)
    columnByteCount = try symbol("sqlite3_column_bytes", ColumnByteCountFunction.self)
    columnMetadata = try symbol("sqlite3_table_column_metadata", ColumnMetadataFunction.self)
  }
}
