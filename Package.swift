// swift-tools-version: 6.2
import PackageDescription

/// Strictness is the same for every target of this package: language mode 6, each upcoming feature
/// named, and no warning survives.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

// MARK: Outside libraries

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let grpcCore = Target.Dependency.product(name: "GRPCCore", package: "grpc-swift-2")
let grpcTransport = Target.Dependency.product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport")
let grpcProtobuf = Target.Dependency.product(name: "GRPCProtobuf", package: "grpc-swift-protobuf")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let httpClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")

// MARK: Layers. A target may name only targets of a lower layer; roles never name each other.

/// Value types and functions: no I/O, no wall clock, no ambient randomness, no `await`.
let pure: [Target] = [
    .target(name: "Time", swiftSettings: strict),
    .target(name: "Random", swiftSettings: strict),
    .target(name: "JSON", swiftSettings: strict),
    .target(name: "Tensors", dependencies: [nioCore], swiftSettings: strict),
    .target(name: "Jobs", dependencies: ["Time", "Tensors", nioCore], swiftSettings: strict),
    .target(name: "Wire", dependencies: ["Time", "Tensors", "Jobs", nioCore], swiftSettings: strict),
    .target(name: "GatewayCore", dependencies: ["Time", "Tensors", "Jobs"], swiftSettings: strict),
    .target(name: "Batching", dependencies: ["Time"], swiftSettings: strict),
    .target(
        name: "WorkerCore", dependencies: ["Time", "Tensors", "Jobs", "Batching", nioCore], swiftSettings: strict),
    .target(name: "Scaling", dependencies: ["Time"], swiftSettings: strict),
    .target(name: "Operations", dependencies: ["Time", "Jobs", "Scaling"], swiftSettings: strict),
    .target(name: "Forecasting", dependencies: ["Time"], swiftSettings: strict),
    .target(name: "ScalerCore", dependencies: ["Time", "Jobs", "Scaling", "Operations"], swiftSettings: strict),
    .target(name: "Reports", swiftSettings: strict),
    .target(name: "Traffic", dependencies: ["Time", histogram], swiftSettings: strict),
    .target(
        name: "Simulator",
        dependencies: ["Time", "Random", "Jobs", "Batching", "Scaling", "Reports", "Traffic", nioCore],
        swiftSettings: strict),
]

/// One outside thing each.
let adapters: [Target] = [
    // What reads a clock that is handed in, or waits by it.
    .target(name: "Clocks", dependencies: ["Time"], swiftSettings: strict),
    .systemLibrary(name: "CHiredis", pkgConfig: "hiredis", providers: [.apt(["libhiredis-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "COnnxRuntime"),
    .target(name: "CProcess"),
    .target(name: "Processes", swiftSettings: strict),
    .target(name: "Observability", dependencies: ["Time", logging, coreMetrics], swiftSettings: strict),
    .target(
        name: "MetricsPort",
        dependencies: [
            "Observability", nioCore, logging, .product(name: "HummingbirdCore", package: "hummingbird"),
            .product(name: "HTTPTypes", package: "swift-http-types"),
        ], swiftSettings: strict),
    .target(
        name: "Settings",
        dependencies: [
            "Time", "Tensors", "Jobs", "Scaling", "Forecasting", "COpenSSL", .product(name: "Yams", package: "Yams"),
        ],
        swiftSettings: strict),
    .target(
        name: "PolicyImport", dependencies: ["Time", "Scaling", .product(name: "Yams", package: "Yams")],
        swiftSettings: strict),
    .target(
        name: "RedisClient", dependencies: ["Time", "CHiredis", "Observability", nioCore, nioPosix, nioSSL, logging],
        swiftSettings: strict),
    .target(
        name: "RedisQueue",
        dependencies: [
            "Time", "Tensors", "Jobs", "Wire", "Operations", "Clocks", "COpenSSL", "Observability", "RedisClient",
            nioCore, logging,
        ],
        resources: [.embedInCode("Scripts")], swiftSettings: strict),
    .target(
        name: "Inference", dependencies: ["Random", "Tensors", "COnnxRuntime", "CProcess", "Settings", nioCore],
        swiftSettings: strict),
    .target(
        name: "Clusters",
        dependencies: [
            "Time", "Jobs", "ScalerCore", "CProcess", "Observability", "Settings", nioCore, nioHTTP1, nioSSL, logging,
            serviceLifecycle, httpClient,
        ], swiftSettings: strict),
    .target(
        name: "ExternalScaler",
        dependencies: [
            "Time", "Observability", logging, serviceLifecycle, grpcCore, grpcTransport, grpcProtobuf,
            .product(name: "SwiftProtobuf", package: "swift-protobuf"),
        ], exclude: ["Protocol"], swiftSettings: strict),
]

/// Long-running services, composed of the layers above.
let roles: [Target] = [
    .target(
        name: "Gateway",
        dependencies: [
            "Time", "JSON", "Tensors", "Jobs", "GatewayCore", "Clocks", "COpenSSL", "CZlib", "Processes",
            "Observability", "Settings", nioCore, nioPosix, nioHTTP1, logging, serviceLifecycle,
            .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
            .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
            .product(name: "HummingbirdCore", package: "hummingbird"),
            .product(name: "HTTPTypes", package: "swift-http-types"),
        ], swiftSettings: strict),
    .target(
        name: "Worker",
        dependencies: [
            "Time", "Tensors", "Jobs", "Batching", "WorkerCore", "Clocks", "Observability", "Settings", "Inference",
            logging, serviceLifecycle,
        ], swiftSettings: strict),
    .target(
        name: "Scaler",
        dependencies: [
            "Time", "Jobs", "Scaling", "Operations", "Forecasting", "ScalerCore", "Clocks", "Observability", "Settings",
            "Clusters", logging, serviceLifecycle,
        ],
        swiftSettings: strict),
    .target(
        name: "LoadGenerator",
        dependencies: [
            "Time", "Random", "JSON", "Tensors", "Reports", "Traffic", "Processes", "Settings", nioCore, nioPosix,
        ],
        swiftSettings: strict),
]

let package = Package(
    name: "spate",
    products: [.executable(name: "spate", targets: ["spate"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
        .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.1"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: pure + adapters + roles + [
        .executableTarget(
            name: "spate",
            dependencies: [
                "Time", "Tensors", "Jobs", "Scaling", "Operations", "ScalerCore", "Traffic", "Simulator", "Clocks",
                "CProcess", "Processes", "Observability", "MetricsPort", "Settings", "PolicyImport", "RedisClient",
                "RedisQueue", "Inference", "Clusters", "ExternalScaler", "Gateway", "Worker", "Scaler", "LoadGenerator",
                nioCore, nioPosix, logging, coreMetrics, serviceLifecycle,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: strict),
        // For every test, the pure ones too: manual time, seeds. Needs nothing from outside.
        .target(name: "TestKit", dependencies: ["Time", "Random"], path: "Tests/TestKit", swiftSettings: strict),
        .target(
            name: "TestSupport",
            dependencies: ["Time", "Tensors", "Jobs", "CProcess", nioCore, nioPosix],
            path: "Tests/TestSupport", swiftSettings: strict),
        .testTarget(
            name: "TensorsTests", dependencies: ["Random", "Tensors", "TestKit", nioCore], swiftSettings: strict),
        .testTarget(
            name: "WireTests",
            dependencies: ["Time", "Random", "Tensors", "Jobs", "Wire", "TestKit", nioCore],
            swiftSettings: strict),
        .testTarget(
            name: "BatchingTests", dependencies: ["Time", "Random", "Batching"], swiftSettings: strict),
        .testTarget(
            name: "ScalingTests", dependencies: ["Time", "Random", "Scaling"], swiftSettings: strict),
        .testTarget(
            name: "ForecastingTests", dependencies: ["Time", "Forecasting"], exclude: ["zone_readings.py"],
            swiftSettings: strict),
        .testTarget(
            name: "PolicyImportTests", dependencies: ["Time", "Scaling", "Settings", "PolicyImport"],
            exclude: ["Manifests"], swiftSettings: strict),
        .testTarget(name: "TimeTests", dependencies: ["Time", "Random", "TestKit"], swiftSettings: strict),
        .testTarget(name: "JSONTests", dependencies: ["Random", "JSON", "TestKit"], swiftSettings: strict),
        .testTarget(name: "ReportsTests", dependencies: ["Reports"], swiftSettings: strict),
        .testTarget(name: "TrafficTests", dependencies: ["Time", "Random", "Traffic"], swiftSettings: strict),
        .testTarget(
            name: "SimulatorTests",
            dependencies: ["Time", "Scaling", "Traffic", "Simulator"], swiftSettings: strict),
        .testTarget(
            name: "SettingsTests", dependencies: ["Random", "Tensors", "Jobs", "Scaling", "Settings"],
            swiftSettings: strict),
        .testTarget(
            name: "ObservabilityTests", dependencies: ["Time", "Observability", logging, coreMetrics],
            swiftSettings: strict),
        .testTarget(
            name: "MetricsPortTests",
            dependencies: ["Observability", "MetricsPort", nioCore, nioPosix, nioHTTP1, logging, httpClient],
            swiftSettings: strict),
        .testTarget(
            name: "RedisClientTests",
            dependencies: ["Random", "RedisClient", "TestKit", "TestSupport", nioCore, nioPosix, logging],
            swiftSettings: strict),
        .testTarget(
            name: "RedisQueueTests",
            dependencies: [
                "Time", "Random", "Tensors", "Jobs", "Operations", "Clocks", "RedisClient", "RedisQueue", "TestKit",
                "TestSupport", nioCore, nioPosix, logging,
            ], swiftSettings: strict),
        .testTarget(
            name: "InferenceTests",
            dependencies: ["Random", "Tensors", "Settings", "Inference", "TestSupport", nioCore],
            swiftSettings: strict),
        // Jobs and tensors for the tests of the worker and of its core.
        .target(
            name: "WorkerTestSupport", dependencies: ["Time", "Tensors", "Jobs", "WorkerCore", nioCore],
            path: "Tests/WorkerTestSupport", swiftSettings: strict),
        .testTarget(
            name: "WorkerCoreTests",
            dependencies: [
                "Time", "Random", "Tensors", "Jobs", "Batching", "WorkerCore", "WorkerTestSupport", nioCore,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "WorkerTests",
            dependencies: [
                "Time", "Random", "Tensors", "Jobs", "WorkerCore", "Clocks", "Observability", "Settings", "Inference",
                "Worker", "TestSupport", "WorkerTestSupport", nioCore, logging,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "GatewayCoreTests", dependencies: ["Time", "Random", "Jobs", "GatewayCore", nioCore],
            swiftSettings: strict),
        .testTarget(
            name: "GatewayTests",
            dependencies: [
                "Time", "Random", "Tensors", "Jobs", "GatewayCore", "Clocks", "Processes", "Observability", "Settings",
                "Gateway", "TestKit", "TestSupport", nioCore, nioPosix, nioHTTP1, logging, serviceLifecycle,
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ], swiftSettings: strict),
        .testTarget(
            name: "ClustersTests",
            dependencies: [
                "Time", "Jobs", "ScalerCore", "CProcess", "Settings", "RedisClient", "Clusters", "TestSupport", logging,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ScalerCoreTests", dependencies: ["Time", "Random", "Jobs", "Scaling", "Operations", "ScalerCore"],
            swiftSettings: strict),
        .testTarget(
            name: "ScalerTests",
            dependencies: [
                "Time", "Random", "Jobs", "Scaling", "Operations", "Forecasting", "ScalerCore", "Observability",
                "Settings", "Clusters", "Scaler", "TestSupport", logging, serviceLifecycle,
            ], swiftSettings: strict),
        .testTarget(
            name: "ExternalScalerTests",
            dependencies: [
                "Time", "ExternalScaler", "TestKit", "TestSupport", grpcCore,
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ], swiftSettings: strict),
        // What the stock client of Tests/Keda talks to.
        .executableTarget(
            name: "KedaTestServer",
            dependencies: ["Time", "ExternalScaler", "TestKit", "TestSupport", logging, serviceLifecycle],
            path: "Tests/Keda/Server", swiftSettings: strict),
        .testTarget(
            name: "LoadGeneratorTests",
            dependencies: [
                "Time", "Random", "JSON", "Tensors", "Traffic", "LoadGenerator", nioCore, nioPosix, nioHTTP1,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "SystemTests",
            dependencies: ["Time", "Tensors", "Jobs", "Wire", "COnnxRuntime", "RedisClient", "Inference", nioCore],
            swiftSettings: strict),
        // The rules of the house, read off its text.
        .testTarget(name: "HouseTests", swiftSettings: strict),
    ]
)

// SPATE_ONLY=BatchingTests,WireTests keeps only these targets and what they depend on, so that one part of
// the tree builds and tests in seconds: SPATE_ONLY=BatchingTests swift test --scratch-path .build-batching
if let only = Context.environment["SPATE_ONLY"] {
    var wanted = Set(only.split(separator: ",").map(String.init))
    var before = 0
    while before != wanted.count {
        before = wanted.count
        for target in package.targets where wanted.contains(target.name) {
            for case .byNameItem(let name, _) in target.dependencies { wanted.insert(name) }
        }
    }
    package.targets.removeAll { !wanted.contains($0.name) }
    if !wanted.contains("spate") { package.products.removeAll() }
}
