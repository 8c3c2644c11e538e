import Testing

/// SQL could not say what a feed in a file is to do, or would do something else than with the same rows in a table.
@Suite struct FileSourceTests {
  let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    let made = try ShellRun(
      [
        "t.upkeep", "-c",
        """
        CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT UNIQUE, n INTEGER, seen TEXT DEFAULT 'no');
        INSERT INTO t VALUES (1, 'a', 1, 'yes'), (2, 'b', 2, 'yes'), (3, 'c', 3, 'yes')
        """,
      ], in: scratch)
    #expect(made.status == 0, "\(made.errors)")
  }

  private func run(_ sql: String) throws -> ShellRun { try ShellRun(["t.upkeep", "-c", sql], in: scratch) }

  private func rows() throws -> String { try run("SELECT * FROM t ORDER BY id").output }

  @Test("SYNC from a file makes the table equal to it, whatever its format")
  func sync() throws {
    try scratch.write("feed.csv", "Code,id\na,1\nb,4\n\"d\",2\n")
    let first = try run(
      "SYNC t FROM 'feed.csv' RETURNING ALL upsert_action(), old.id, new.code; SELECT changes()")
    #expect(first.output == "unchanged|1|a\ninserted||b\nupdated|2|d\n3\n", "\(first.errors)")
    #expect(try rows() == "1|a|1|yes\n2|d|2|yes\n4|b||no\n")
    try scratch.write("feed.json", #"[{"id": 1, "code": "z", "n": null}, {"n": 7, "id": 2}]"#)
    #expect(try run("SYNC t FROM 'feed.json'").status == 0)
    #expect(try rows() == "1|z||yes\n2|d|7|yes\n")
    try scratch.write("feed.tsv", "id\tcode\n5\tx\n")
    #expect(try run("SYNC t FROM 'feed.tsv' AS f BY id").status == 0)
    #expect(try rows() == "5|x||no\n")
    #expect(try run("PREVIEW SYNC t FROM 'feed.json'").output.hasPrefix("inserted|1"))
    #expect(try rows() == "5|x||no\n")
  }

  @Test("MERGE from a file: columns of the table have its types, others their own")
  func merge() throws {
    try scratch.write("feed.csv", "id,code,n,op,rank\n1,a,10,set,2.5\n2,,,drop,1\n9,i,90,set,3\n")
    let merged = try run(
      """
      MERGE INTO t USING 'feed.csv' AS f USING (id)
      WHEN MATCHED AND f.op = 'drop' THEN DELETE
      WHEN MATCHED AND f.n > t.n AND rank > 2 THEN UPDATE SET n = f.n + t.n, seen = typeof(f.rank)
      WHEN NOT MATCHED THEN INSERT (id, code, n) VALUES (id, f.code, f.n)
      RETURNING merge_action(), t.id, f.op
      """)
    #expect(merged.output == "UPDATE|1|set\nDELETE|2|drop\nINSERT|9|set\n", "\(merged.errors)")
    #expect(try rows() == "1|a|11|real\n3|c|3|yes\n9|i|90|no\n")
    let plan = try run("EXPLAIN MERGE INTO t USING 'feed.csv' AS f USING (id) WHEN MATCHED THEN DELETE")
      .output
    #expect(plan.hasPrefix("read 'feed.csv'\n"))
  }

  @Test("Errors name file and line, and leave the table as it was")
  func errors() throws {
    let before = try rows()
    try scratch.write("feed.csv", "id,n\n1,5\n2,many\n3,1,1\n")
    for sql in [
      "SYNC t FROM 'feed.csv'",
      "MERGE INTO t USING 'feed.csv' AS f USING (id) WHEN MATCHED THEN UPDATE SET n = f.n",
    ] {
      let failed = try run(sql)
      #expect(failed.status == 1)
      #expect(failed.errors.hasPrefix("error: feed.csv, line 3: "), "\(failed.errors)")
      #expect(failed.errors.contains("n is INTEGER and cannot hold 'many' without loss; give a whole number"))
      #expect(try rows() == before)
    }
    let rejected = try run("SYNC t FROM 'feed.csv' ON ERROR REJECT")
    #expect(rejected.errors.contains("a sync cannot tell") || rejected.status == 1, "\(rejected.errors)")
    #expect(try rows() == before)
    try scratch.write("feed.csv", "id,n\n1,5\n2,many\n")
    let partly = try run("SYNC t FROM 'feed.csv' ON ERROR REJECT")
    #expect(partly.status == 0)
    #expect(
      partly.errors.contains("row 3 was rejected: t.n is INTEGER and cannot hold 'many'"), "\(partly.errors)")
    #expect(try rows() == "1|a|5|yes\n2|b|2|yes\n")
    try scratch.write("feed.csv", "id,weight\n1,5\n")
    #expect(try run("SYNC t FROM 'feed.csv'").errors.contains("column weight is not in table t"))
    #expect(try run("SYNC t FROM 'none.csv'").errors.contains("cannot read none.csv"))
    try scratch.write("feed.csv", "id\n1\n\"2\n")
    #expect(try run("SYNC t FROM 'feed.csv'").errors.hasPrefix("error: feed.csv, line "))
    #expect(
      try run("MERGE INTO t USING 'feed.csv' ON 1 WHEN MATCHED THEN DELETE").errors.contains("needs a name"))
    try scratch.write("feed.csv", "id\n")
    #expect(try run("SYNC t FROM 'feed.csv'").errors.contains("say ALLOW EMPTY if that is meant"))
    #expect(try rows() == "1|a|5|yes\n2|b|2|yes\n")
  }
}
