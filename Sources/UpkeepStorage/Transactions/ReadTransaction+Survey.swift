extension ReadTransaction {
  /// What a tree looks like, of whose leaves at most so many are looked at.
  ///
  /// - Parameter look: called for each page that is looked at; what it throws ends the survey.
  package final func survey(
    _ tree: TreeID, mostLeaves: Int, look: @escaping () throws(StorageError) -> Void = {}
  ) throws(StorageError) -> TreeSurvey {
    var surveyor = TreeSurveyor(pages, self, look: look)
    return try surveyor.survey(try root(tree), mostLeaves: mostLeaves)
  }

  /// The same, looking at all of the tree, and telling of each page, of a branch after those below it.
  package final func survey(
    _ tree: TreeID, look: @escaping () throws(StorageError) -> Void = {},
    visit: (SurveyedPage) throws(StorageError) -> Void
  ) throws(StorageError) -> TreeSurvey {
    var surveyor = TreeSurveyor(pages, self, look: look)
    return try surveyor.walk(try root(tree), visit)
  }
}
