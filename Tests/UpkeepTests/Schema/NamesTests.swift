import Testing

@testable import Upkeep

struct NamesTests {
  @Test func namesCompareWithoutCase() {
    #expect(Names.equal("Airport", "aIRPORT"))
    #expect(!Names.equal("é", "É"))
    #expect(Names.folded("ABC_é") == "abc_é")
  }

  @Test func theNearestNameIsSuggested() {
    let names = ["airports", "aircraft", "runways"]
    #expect(Names.nearest(to: "airprots", among: names) == "airports")
    #expect(Names.nearest(to: "runway", among: names) == "runways")
    #expect(Names.nearest(to: "users", among: names) == nil)
    #expect(Names.nearest(to: "x", among: []) == nil)
  }

  @Test func distances() {
    #expect(Names.editDistance(Array("".utf8), Array("abc".utf8)) == 3)
    #expect(Names.editDistance(Array("abc".utf8), Array("acb".utf8)) == 1)
    #expect(Names.editDistance(Array("kitten".utf8), Array("sitting".utf8)) == 3)
  }
}
