// swift-tools-version: 6.1
import PackageDescription

let settings: [SwiftSetting] = [.swiftLanguageMode(.v6)]

let package = Package(
  name: "upkeep-benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "upkeep", path: ".."),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
  ],
  targets: [
    .systemLibrary(
      name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite3"])]),
    .systemLibrary(
      name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"]), .brew(["lmdb"])]),
    .systemLibrary(
      name: "CRocksDB", pkgConfig: "rocksdb", providers: [.apt(["librocksdb-dev"]), .brew(["rocksdb"])]),
    .target(name: "Harness", swiftSettings: settings),
    .executableTarget(
      name: "UpkeepBenchmarks",
      dependencies: [
        "Harness", "CSQLite", "CLMDB", "CRocksDB", .product(name: "Upkeep", package: "upkeep"),
        .product(name: "UpkeepSQL", package: "upkeep"), .product(name: "GRDB", package: "GRDB.swift"),
      ],
      swiftSettings: settings),
  ]
)
