import Jobs
import Foundation
import Settings
import Tensors
import Testing

@Suite struct ClusterSettingsTests {
    /// The repository's own cluster folder.
    private static let manual = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("cluster").path

    private func text(_ name: String) throws -> String {
        try String(contentsOfFile: "\(Self.manual)/\(name)", encoding: .utf8)
    }

    @Test("the values in the manual are the defaults in the code, except those that say otherwise")
    func manualHoldsDefaults() throws {
        let cluster = try TemporaryCluster(
            try text("spate.yaml"),
            models: [
                "magika": try text("models/magika/model.yaml"), "digits": try text("models/digits/model.yaml"),
            ])
        let settings = try ClusterSettings.load(path: cluster.path)
        let base = (cluster.folder as NSString).deletingLastPathComponent
        let magika = try #require(settings.models.first { $0.name == "magika" })
        let expected = ClusterSettings(
            redis: RedisSettings(server: .private(directory: "\(base)/.spate/redis")),
            repository: "\(cluster.folder)/models",
            models: [
                ModelSettings(
                    name: "magika", batching: BatchingSettings(maximumRows: 4), signature: magika.signature,
                    samples: ["bytes": "bytes"]),
                ModelSettings(name: "digits", samples: ["image": "images"]),
            ],
            pools: [
                PoolSettings(pricePerHour: 0.05),
                PoolSettings(
                    name: "gpu", device: .gpu, maximumWorkers: 1, pricePerHour: 2, startUpTime: .seconds(10)),
            ], runtime: RuntimeSettings(folder: cluster.folder))
        #expect(settings == expected)
        #expect(magika.signature?.inputs.first?.shape == [-1, 2048])
        #expect(magika.signature?.maximumBatchSize == 4)
    }

    @Test("every key that a file may have stands in the manual")
    func manualIsComplete() throws {
        let cluster = try TemporaryCluster(
            "nonsense: 1\nredis: {nonsense: 1}\ngateway: {nonsense: 1}\nscaler: {nonsense: 1}\nruntime: {nonsense: 1}\n"
                + "logging: {nonsense: 1}\nkubernetes: {nonsense: 1}\n"
                + "pools: [{name: cpu, nonsense: 1, process: {nonsense: 1}}, {name: c, driver: containers,"
                + " containers: {image: i, nonsense: 1}}, {name: k, driver: kubernetes, kubernetes: {nonsense: 1}}]\n"
                + "models: [{name: digits, nonsense: 1}]\n",
            models: ["digits": "nonsense: 1\nbatching: {nonsense: 1}\n"])
        let check = SettingsCheck.report(path: cluster.path)
        #expect(check.diagnostics.count == 14)
        for diagnostic in check.diagnostics {
            let allowed = try #require(diagnostic.message.split(separator: "allowed here: ").last)
            let manual = try text(
                diagnostic.position.file.hasSuffix("model.yaml") ? "models/magika/model.yaml" : "spate.yaml")
            for key in allowed.split(separator: ", ") {
                #expect(manual.contains("\(key):"), "the manual does not mention \(key)")
            }
        }
    }

    @Test("a file with nothing but its models has every default, and one pool")
    func minimalFile() throws {
        let cluster = try TemporaryCluster()
        let settings = try ClusterSettings.load(path: cluster.path)
        #expect(settings.models == [ModelSettings(name: "digits")])
        #expect(settings.pools == [PoolSettings()])
        #expect(settings.gateway == GatewaySettings())
        #expect(settings.repository == "\(cluster.folder)/models")
    }

    @Test("overrides win over the file, and the command line over the environment")
    func overrides() throws {
        let cluster = try TemporaryCluster("redis: {url: redis://there}\nmodels: [digits]\n")
        let environment = try SettingsOverrides(environment: [
            "SPATE_REDIS_URL": "redis://env:1", "SPATE_PORT": "0", "SPATE_ADMIN_PORT": "", "HOME": "/root",
        ])
        let overrides = SettingsOverrides(redisURL: "unix:///run/redis.sock").over(environment)
        let settings = try ClusterSettings.load(path: cluster.path, overrides: overrides)
        #expect(settings.redis.server == .url("unix:///run/redis.sock"))
        #expect(settings.gateway.port == 0)
        #expect(settings.gateway.adminPort == 8002)
        #expect(throws: SettingsError.self) { try SettingsOverrides(environment: ["SPATE_PORT": "x"]) }
    }

    @Test("takes the name of the cluster, and a URL that a file ended with a newline")
    func clusterName() throws {
        let environment = try SettingsOverrides(environment: [
            "SPATE_CLUSTER": "staging\n", "SPATE_REDIS_URL": "redis://redis:6379/0\n",
        ])
        #expect(environment.cluster == ClusterName("staging"))
        #expect(environment.redisURL == "redis://redis:6379/0")
        #expect(throws: SettingsError.self) { try SettingsOverrides(environment: ["SPATE_CLUSTER": "a.b"]) }
    }

    @Test("the version served is the highest number, not the last name, unless the file names one")
    func versions() throws {
        let cluster = try TemporaryCluster()
        try cluster.write("models/digits/9/model.onnx", "")
        try cluster.write("models/digits/10/model.onnx", "")
        try cluster.write("models/digits/old/model.onnx", "")
        #expect(try ClusterSettings.load(path: cluster.path).models.map(\.version) == ["10"])
        try cluster.write("models/digits/model.yaml", "version: 9\n")
        #expect(try ClusterSettings.load(path: cluster.path).models.map(\.version) == ["9"])
        try cluster.write("spate.yaml", "models: [{name: digits, version: old}]\n")
        #expect(try ClusterSettings.load(path: cluster.path).models.map(\.version) == ["old"])
    }

    @Test("a synthetic model needs no version folder and has keys of its own")
    func synthetic() throws {
        let cluster = try TemporaryCluster("models: [load]\n", models: [:])
        try cluster.write("models/load/model.yaml", "backend: synthetic\nfixed_cost: 3ms\ncost_per_row: 250us\n")
        let settings = try ClusterSettings.load(path: cluster.path)
        let options = SyntheticOptions(fixedCost: .milliseconds(3), costPerRow: .microseconds(250))
        #expect(settings.models == [ModelSettings(name: "load", backend: .synthetic(options))])
    }

    @Test("labels come from the file or from a file beside it")
    func labels() throws {
        let cluster = try TemporaryCluster(
            models: [
                "digits": """
                inputs: [{name: x, type: FP32, shape: [-1, 64]}]
                outputs:
                  - {name: y, type: FP32, shape: [-1, 3], labels: [one, two, three]}
                  - {name: z, type: FP32, shape: [-1, 2], labels_file: z.txt}
                """
            ])
        try cluster.write("models/digits/z.txt", "no\nyes\n")
        let model = try #require(try ClusterSettings.load(path: cluster.path).models.first)
        #expect(model.labels == ["y": ["one", "two", "three"], "z": ["no", "yes"]])
    }

    @Test("a check lists what would be served, and shows no password")
    func check() throws {
        let cluster = try TemporaryCluster("redis: {url: 'rediss://ann:s3cret@host'}\nmodels: [digits]\n")
        let check = SettingsCheck.report(path: cluster.path)
        #expect(check.diagnostics.isEmpty)
        #expect(check.description.contains("redis    rediss://***@host"))
        #expect(check.description.contains("model    digits version 1 (sha256 "))
        #expect(check.description.contains("): onnxruntime, 1 x 1 threads"))
        let settings = try #require(check.settings)
        var dumped = "\(settings)" + String(reflecting: settings)
        dump(settings, to: &dumped)
        #expect(!dumped.contains("s3cret"))
    }

    @Test("a version's digest changes with every name and byte in its folder, and with nothing else")
    func digest() throws {
        let cluster = try TemporaryCluster()
        let folder = "\(cluster.folder)/models/digits/1"
        try cluster.write("models/digits/1/model.onnx", "abc")
        // Python: sha256(b"model.onnx\0" + (3).to_bytes(8, "big") + b"abc").hexdigest()
        #expect(
            ModelDigest.sha256(of: folder) == "c4a950700fdb21100ba223a988b4593eb334440c687bd9fa99e48e60e9192947")
        try cluster.write("models/digits/1/.keep", "")
        let first = ModelDigest.sha256(of: folder)
        try cluster.write("models/digits/1/data/weights", "")
        let second = ModelDigest.sha256(of: folder)
        #expect(first?.hasPrefix("c4a95070") == true)
        #expect(second != first)
        #expect(ModelDigest.sha256(of: "\(cluster.folder)/none") == nil)
    }

    @Test(
        "batching is a word, or a mapping with the other keys",
        arguments: [
            ("", JoiningWish.proven, 64), ("batching: rows", .rows, 64), ("batching: none", .none, 64),
            ("batching: {maximum_rows: 8}", .proven, 8), ("batching: {mode: rows, maximum_rows: 8}", .rows, 8),
            ("batching: {mode: none}", .none, 64),
        ])
    func batching(text: String, wish: JoiningWish, rows: Int) throws {
        let cluster = try TemporaryCluster(models: ["digits": text + "\n"])
        let settings = try #require(ClusterSettings.load(path: cluster.path).models.first)
        #expect(settings.batching == BatchingSettings(joining: wish, maximumRows: rows))
    }

    @Test("a model's file gives shapes and samples for the first runs, and says which inputs may be empty")
    func firstRuns() throws {
        let cluster = try TemporaryCluster(
            models: [
                "digits": """
                warm_up: {x: [1, 7], y: [3]}
                samples: {x: rows}
                inputs:
                  - {name: x, type: FP32, shape: [-1, -1], may_be_empty: true}
                  - {name: y, type: FP32, shape: [-1]}
                outputs: [{name: z, type: FP32, shape: [-1]}]

                """
            ])
        let settings = try #require(ClusterSettings.load(path: cluster.path).models.first)
        #expect(settings.warmUp == ["x": [1, 7], "y": [3]])
        #expect(settings.samples == ["x": "rows"])
        #expect(settings.signature?.inputs.map(\.emptiness) == [.declared, .refused])
    }
}
