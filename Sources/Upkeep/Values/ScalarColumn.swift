/// Room for a number of each row of a batch.
final class ScalarColumn {
  let values: UnsafeMutablePointer<Scalar>

  init() {
    values = .allocate(capacity: RowBatch.capacity)
    values.initialize(repeating: .null, count: RowBatch.capacity)
  }

  deinit { values.deallocate() }
}
