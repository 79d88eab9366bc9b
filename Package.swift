// swift-tools-version: 6.2
import PackageDescription

// Every Swift target of Martlet. docs/architecture.md draws the arrows; `--explicit-target-dependency-import-check error`
// keeps them (make check).

/// What every Swift target is compiled with. Swift 6 language mode (strict concurrency) comes with the tools version.
let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// The device: no Foundation, no heap, Linux and Cortex-M0+ alike. `Lifetimes` is for writers and scanners over spans,
/// `RawLayout` for what must be made where it stays.
func portable(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "Sources/\(name)",
    swiftSettings: strict + [.enableExperimentalFeature("Lifetimes"), .enableExperimentalFeature("RawLayout")])
}

/// What Linux programs share.
func linux(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, path: "Sources/Linux/\(name)", swiftSettings: strict)
}

func simulator(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, path: "simulators/\(name)", swiftSettings: strict)
}

func gateway(
  _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [], resources: [Resource] = []
) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "gateway/\(name)", exclude: exclude, resources: resources,
    swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, path: "Tests/\(name)", exclude: exclude, swiftSettings: strict)
}

let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
  name: "martlet",
  platforms: [.macOS(.v26)],
  products: [
    .library(
      name: "MartletDevice",
      targets: ["HAL", "Sensors", "Fans", "Display", "StatusLED", "Telemetry", "Node", "EmbeddedCheck"]),
    .executable(name: "martlet", targets: ["martlet"]),
    .executable(name: "picosim", targets: ["picosim"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: [.defaults, "YAML"]),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // The device
    portable("HAL"),
    portable("Telemetry"),
    portable("Sensors", ["HAL", "Telemetry"]),
    portable("Fans", ["Telemetry"]),
    portable("Display", ["HAL", "Telemetry"]),
    portable("StatusLED", []),
    portable("Node", ["HAL", "Sensors", "Fans", "Display", "StatusLED", "Telemetry"]),
    portable("EmbeddedCheck", ["HAL", "Node", "Telemetry"]),

    // What Linux programs share
    .systemLibrary(
      name: "COpenSSL", path: "Sources/Linux/COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    linux("MQTTClient", ["COpenSSL"]),
    .systemLibrary(
      name: "CCurl", path: "Sources/Linux/CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    linux("HTTPClient", ["CCurl"]),

    // libi2c brings no pkg-config file.
    .systemLibrary(name: "CI2C", path: "Sources/Linux/CI2C", providers: [.apt(["libi2c-dev"])]),
    linux("LinuxHAL", ["CI2C", "HAL"]),
    .systemLibrary(name: "CEpoll", path: "Sources/Linux/CEpoll"),
    linux("NodeShell", ["CEpoll", "HAL", "HTTPClient", "MQTTClient", "Node", "Telemetry"]),

    // Simulators
    simulator("ChipModels", ["HAL"]),
    simulator("RegisterDump", ["HAL", "Sensors", "Telemetry"]),
    simulator("VirtualBoard", ["HAL", "ChipModels"]),
    .executableTarget(
      name: "picosim",
      dependencies: [
        "CEpoll", "HAL", "Telemetry", "Node", "StatusLED", "ChipModels", "RegisterDump", "VirtualBoard", "MQTTClient",
        "NodeShell", arguments, yams,
      ],
      path: "simulators/picosim", resources: [.embedInCode("page")], swiftSettings: strict),

    // Benchmarks
    .target(name: "CAllocationCount", path: "bench/CAllocationCount"),
    .executableTarget(
      name: "stepbench", dependencies: ["CAllocationCount", "HAL", "Node", "Telemetry"], path: "bench/stepbench",
      swiftSettings: strict),

    // The drivers on the kernel's own interfaces, in a user-mode Linux (scripts/kernel-test)
    .target(
      name: "KernelBench", dependencies: ["ChipModels"], path: "simulators/kernel/KernelBench", swiftSettings: strict),
    .executableTarget(
      name: "chipd", dependencies: ["KernelBench", "ChipModels", "HAL"], path: "simulators/kernel/chipd",
      swiftSettings: strict),
    .executableTarget(
      name: "kernelprobe",
      dependencies: ["LinuxHAL", "HAL", "Sensors", "Display", "Telemetry", "ChipModels", "KernelBench"],
      path: "simulators/kernel/kernelprobe", swiftSettings: strict),

    // The gateway
    gateway("GatewayCore", ["Telemetry", logging]),
    gateway("Profiles", ["Telemetry", yams], resources: [.embedInCode("built-in")]),
    gateway("Ingest", ["GatewayCore", "Profiles", "Telemetry", "MQTTClient", logging]),
    gateway("HTTPIntake", ["Ingest", "Telemetry", hummingbird, httpTypes, nio]),
    gateway("HomeAssistant", ["GatewayCore", "MQTTClient", logging]),
    gateway("Journal", ["GatewayCore", grdb, sqlite]),
    .systemLibrary(
      name: "CPostgres", path: "gateway/CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    gateway(
      "TimescaleSink", ["GatewayCore", "CPostgres", logging],
      resources: [.embedInCode("policies"), .embedInCode("sql")]),
    gateway("ConfigModel", ["Telemetry", yams]),
    gateway("ConfigStore", ["ConfigModel", grdb]),
    .systemLibrary(name: "CZlib", path: "gateway/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    gateway("CloudBridge", ["GatewayCore", "MQTTClient", logging]),
    gateway(
      "ConfigServer",
      [
        "ConfigModel", "ConfigStore", "CZlib", "GatewayCore", "MQTTClient", hummingbird, hummingbirdCore, httpTypes,
        nio, nioHTTPTypes, logging,
      ],
      exclude: ["example"]),
    gateway(
      "LocalNode",
      ["GatewayCore", "HAL", "LinuxHAL", "MQTTClient", "Node", "NodeShell", "Telemetry", "VirtualBoard", logging]),
    gateway("FleetView", ["GatewayCore", hummingbird, httpTypes, nio, lifecycle], resources: [.embedInCode("page")]),
    .executableTarget(
      name: "martlet",
      dependencies: [
        "GatewayCore", "Profiles", "Ingest", "HTTPIntake", "HomeAssistant", "Journal", "TimescaleSink", "CloudBridge",
        "ConfigModel", "ConfigStore", "ConfigServer", "FleetView", "LocalNode", "MQTTClient", "HTTPClient", arguments,
        configuration, hummingbird, hummingbirdCore, lifecycle, logging, nio, signals, systemPackage,
      ],
      path: "gateway/martlet", swiftSettings: strict),

    // Tests, a folder for each target; Tests/System is Python and runs the built programs.
    tests("TelemetryTests", ["Telemetry"]),
    tests("SensorsTests", ["Sensors", "HAL", "Telemetry", "ChipModels"]),
    tests("FansTests", ["Fans"]),
    tests("DisplayTests", ["Display", "HAL", "Telemetry", "ChipModels"], exclude: ["golden"]),
    tests("StatusLEDTests", ["StatusLED"]),
    tests("NodeTests", ["Node", "Sensors", "HAL", "Display", "StatusLED", "Telemetry", "ChipModels"]),
    tests("EmbeddedCheckTests", ["EmbeddedCheck"], exclude: ["golden"]),
    tests("LinuxHALTests", ["LinuxHAL", "HAL"]),
    tests("NodeShellTests", ["NodeShell", "Node", "Telemetry"]),
    tests("ChipModelsTests", ["ChipModels", "HAL"]),
    tests("RegisterDumpTests", ["RegisterDump"]),
    tests("VirtualBoardTests", ["VirtualBoard", "HAL", "ChipModels", "Node", "Telemetry"]),
    tests(
      "PicosimTests",
      [
        "picosim", "ChipModels", "Node", "NodeShell", "Telemetry", "VirtualBoard", "MQTTClient", "BrokerTesting",
        arguments,
      ]),
    tests("GatewayCoreTests", ["GatewayCore", logging]),
    .target(
      name: "BrokerTesting", dependencies: ["COpenSSL"], path: "Tests/BrokerTesting", swiftSettings: strict),
    tests("ProfilesTests", ["Profiles"]),
    tests(
      "HTTPIntakeTests",
      ["HTTPIntake", "Ingest", "Journal", "GatewayCore", "HTTPTesting", hummingbird, httpTypes, nio, logging]),
    tests("HomeAssistantTests", ["HomeAssistant", "GatewayCore"]),
    tests("MQTTClientTests", ["MQTTClient", "BrokerTesting"]),
    tests("HTTPClientTests", ["HTTPClient"]),
    tests(
      "IngestTests",
      ["Ingest", "Profiles", "Journal", "GatewayCore", "Telemetry", "MQTTClient", "BrokerTesting", logging]),
    // The gateway's logic in virtual time, everything around it failing by a seed
    .executableTarget(
      name: "Simulation",
      dependencies: ["GatewayCore", "Ingest", "Journal", "MQTTClient", "Telemetry", arguments, logging],
      path: "Tests/Simulation", swiftSettings: strict),
    tests("SimulationTests", ["Simulation"]),
    tests("CloudBridgeTests", ["CloudBridge", "GatewayCore", "MQTTClient", "BrokerTesting", logging]),
    tests("JournalTests", ["Journal", "GatewayCore", grdb, sqlite]),
    tests("TimescaleSinkTests", ["TimescaleSink", "GatewayCore", logging]),
    .target(
      name: "HTTPTesting", dependencies: [hummingbird, httpTypes, nio, logging], path: "Tests/HTTPTesting",
      swiftSettings: strict),
    tests("ConfigModelTests", ["ConfigModel", "Node", "Telemetry"]),
    tests("ConfigStoreTests", ["ConfigStore", "ConfigModel", grdb]),
    tests(
      "ConfigServerTests",
      [
        "ConfigServer", "ConfigModel", "ConfigStore", "CZlib", "BrokerTesting", "MQTTClient", "HTTPTesting",
        hummingbird,
        httpTypes, nio, logging,
      ]),
    tests("FleetViewTests", ["FleetView", "GatewayCore", "HTTPTesting", hummingbird, httpTypes, nio]),
  ]
)
