import Foundation
import Jobs
import Scaling
import Settings
import Testing

@Suite("Policies in the cluster file") struct PolicySettingsTests {
    private func load(_ text: String) throws -> ClusterSettings {
        let cluster = try TemporaryCluster("models: [digits]\n" + text)
        return try ClusterSettings.load(path: cluster.path)
    }

    private func findings(_ text: String) throws -> [String] {
        let cluster = try TemporaryCluster("models: [digits]\n" + text)
        return SettingsCheck.report(path: cluster.path).diagnostics.map {
            "\($0.position.line ?? 0):\($0.position.column ?? 0) \($0.message)"
        }
    }

    @Test(
        "the sections of the known algorithms in the manual hold their defaults",
        arguments: ["hpa", "keda-lag", "knative-kpa", "ray", "aws-backlog", "fixed"])
    func manualAlgorithms(name: String) throws {
        let manual = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("cluster/spate.yaml").path
        let text = try String(contentsOfFile: manual, encoding: .utf8)
            .replacing("algorithm: spate\n", with: "algorithm: \(name)\n").replacing("  - magika\n", with: "")
        let cluster = try TemporaryCluster(text)
        let settings = try ClusterSettings.load(path: cluster.path)
        #expect(try settings.scaler.algorithm == #require(AlgorithmRegistry.builtIn.algorithm(named: name)))
    }

    @Test("an algorithm takes the parameters of the section of its name, and leaves the others alone")
    func parameters() throws {
        let settings = try load(
            "scaler: {algorithm: keda-lag, keda-lag: {lag_count: 7, behavior: {sync_period: 5s}}, ray: {upscale_delay: 1s}}\n"
        )
        let expected = KEDALag(lagCount: 7, behavior: HPABehavior(syncPeriod: .seconds(5)))
        #expect(settings.scaler.algorithm == Algorithm(expected))
    }

    @Test("rates, windows, pauses, budgets and deadlines are read")
    func controls() throws {
        let cluster = try TemporaryCluster(
            """
            models: [{name: digits, deadlines: {high: 500ms}}]
            scaler: {budget_per_hour: 12.5, fallback: 3, paused: true}
            pools:
              - {name: cpu, scale_out_rate: {workers: 10, per: 30s}, scale_in_rate: {workers: 1, per: 1m},
                 scale_in_window: 2m, paused: true}
            """, models: ["digits": "deadline: 30s\ndeadlines: {high: 1s, low: 1h}\n"])
        let settings = try ClusterSettings.load(path: cluster.path)
        #expect(settings.scaler.budgetPerHour == 12.5)
        #expect(settings.scaler.fallback == .workers(3))
        #expect(settings.scaler.isPaused)
        let pool = try #require(settings.pools.first)
        #expect(pool.scaleOutRate == WorkerRate(workers: 10, per: .seconds(30)))
        #expect(pool.scaleInRate == WorkerRate(workers: 1, per: .seconds(60)))
        #expect(pool.scaleInWindow == .seconds(120))
        #expect(pool.isPaused)
        #expect(settings.models.first?.deadline == .seconds(30))
        #expect(settings.models.first?.deadlines == [.high: .milliseconds(500)], "the cluster file's list wins")
    }

    @Test("the keys of a driver are read")
    func drivers() throws {
        let settings = try load(
            """
            pools:
              - {name: cpu, process: {memory: 2GiB, nice: 5, processors: [0, 1]}}
              - {name: box, driver: containers, device: gpu,
                 containers: {image: spate, cpus: 1.5, gpus: 2, binds: ["/a:/b:ro"], environment: {A: b, C: }}}
              - {name: pods, driver: kubernetes, kubernetes: {workload: statefulsets/w}}
            """)
        #expect(settings.pools.first?.process == ProcessSettings(memory: 2 << 30, nice: 5, processors: [0, 1]))
        let containers = try #require(settings.pools.first { $0.name == "box" }).containers
        #expect(
            containers
                == ContainerSettings(
                    image: "spate", cpus: 1.5, gpus: 2, binds: ["/a:/b:ro"], environment: ["A": "b", "C": ""]))
        #expect(settings.pools.last?.kubernetes.workload == "statefulsets/w")
        #expect(settings.kubernetes.isUsed, "a pool needs it")
        #expect(try !load("").kubernetes.isUsed)
    }

    @Test(
        "a slip is said with line and column, and what is allowed",
        arguments: [
            ("scaler: {algorithm: hpaa}", "2:21 'algorithm': expected one of spate, hpa"),
            ("scaler: {algorithm: oracle}", "2:21 'algorithm': expected one of spate, hpa"),
            ("scaler: {hpa: {target: 80}}", "2:24 'target': 80.0 is no share"),
            ("scaler: {fallback: wait}", "2:20 'fallback': expected hold, or a number of workers"),
            ("scaler: {budget_per_hour: -1}", "2:27 'budget_per_hour': '-1' is out of range"),
            ("pools: [{name: cpu, scale_in_rate: {workers: 1}}]", "2:36 missing key 'per'"),
            ("pools: [{name: cpu, containers: {image: x}}]", "2:33 'containers': settings of the driver containers in"),
            ("pools: [{name: cpu, driver: containers}]", "2:9 missing key 'image'"),
            (
                "pools: [{name: cpu, driver: kubernetes, kubernetes: {workload: pods/x}}]",
                "2:64 'workload': expected deployments/NAME"
            ),
            ("kubernetes: {lease_duration: 1s}", "2:30 'lease_duration': '1s' is out of range"),
        ])
    func slips(text: String, expected: String) throws {
        let found = try findings(text + "\n")
        #expect(found.contains { $0.hasPrefix(expected) }, "\(found)")
    }
}
