/// The functions that there are, for whoever completes or lists names.
package enum FunctionNames {
  /// Functions of one row's values, in order.
  package static let ofValues: [String] =
    (ScalarFunction.Name.allCases.map(\.rawValue) + ValueFunction.all.keys).sorted()
}
