// swift-tools-version: 6.2
import PackageDescription

// The portable modules of the package above, as Embedded Swift for the Pico's CPU (armv6m). Every embedded flag is in
// toolset.json.in, so that it reaches the modules of ".." too and the root manifest knows nothing of it; nothing but the
// portable modules is checked out or built. scripts/embedded runs it.
let package = Package(
  name: "firmware-embedded",
  dependencies: [.package(name: "martlet", path: "..")],
  targets: [
    .target(name: "CBoard"),
    .executableTarget(
      name: "Check", dependencies: ["CBoard", .product(name: "MartletDevice", package: "martlet")]),
  ]
)
