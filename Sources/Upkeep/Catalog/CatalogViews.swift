package import UpkeepStorage

/// Views in the catalog.
extension Catalog {
  /// The views, by name.
  package var views: [ViewSchema] { viewsByName.sorted { $0.key < $1.key }.map(\.value) }

  package func view(_ name: String) -> ViewSchema? {
    guard let qualified = QualifiedName(text: name) else { return viewsByName[Names.folded(name)] }
    return qualified.database == .main ? viewsByName[Names.folded(qualified.name)] : nil
  }

  /// - Throws: `unknownTable`, with the nearest name.
  func requiredView(_ name: String) throws(UpkeepError) -> ViewSchema {
    if let view = view(name) { return view }
    var error: UpkeepError
    if let table = find(name) {
      error = UpkeepError(.misuse, "\(table.name) is a table; DROP TABLE drops it with its rows")
    } else {
      let hint = Names.suggestion(for: name, among: viewsByName.values.map(\.name))
      error = UpkeepError(.unknownTable, "there is no view \(QualifiedName.shown(name))\(hint)")
    }
    error.name = QualifiedName.shown(name)
    throw error
  }

  /// Adds a view, or puts it in the place of the one of its name.
  package func setting(
    _ view: ViewSchema, isNew: Bool, in transaction: WriteTransaction
  ) throws(UpkeepError) -> Catalog {
    try SchemaRules.checkName(view.name, of: "a view")
    for column in view.columns ?? [] { try SchemaRules.checkName(column, of: "a column of \(view.name)") }
    if isNew { try seen(by: nil).requireFree(view.name) }
    try put(CatalogCodec.viewKey(view.name), CatalogCodec.entry(view), transaction)
    return replacing(view: view.name, with: view)
  }

  package func dropping(view name: String, in transaction: WriteTransaction) throws(UpkeepError) -> Catalog {
    let view = try requiredView(name)
    try remove(CatalogCodec.viewKey(view.name), transaction)
    return replacing(view: view.name, with: nil)
  }
}

extension CatalogCodec {
  enum ViewTag {
    static let name: UInt16 = 1
    static let column: UInt16 = 2
    static let query: UInt16 = 3
  }

  static func viewKey(_ name: String) -> ByteBuffer {
    let buffer = ByteBuffer(capacity: 16)
    buffer.append(Kind.view)
    for byte in Names.folded(name).utf8 { buffer.append(byte) }
    return buffer
  }

  static func entry(_ view: ViewSchema) -> ByteBuffer {
    let writer = FieldWriter(buffer: ByteBuffer())
    writer.text(ViewTag.name, view.name)
    for column in view.columns ?? [] { writer.text(ViewTag.column, column) }
    writer.text(ViewTag.query, view.text)
    return writer.buffer
  }

  static func view(_ bytes: UnsafeRawBufferPointer) throws(UpkeepError) -> ViewSchema {
    var name = ""
    var columns: [String] = []
    var text: String?
    var fields = FieldReader(bytes, of: "the catalog's entry of a view")
    while let field = try fields.next() {
      switch field.tag {
      case ViewTag.name: name = try field.text()
      case ViewTag.column: columns.append(try field.text())
      case ViewTag.query: text = try field.text()
      default: _ = try field.unknown()
      }
    }
    guard let text, !name.isEmpty else { throw fields.corrupt("it has no name or no query") }
    return ViewSchema(name: name, columns: columns.isEmpty ? nil : columns, text: text)
  }
}
