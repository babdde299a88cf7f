import Jobs
import Scaling
import Settings
import Testing

@Suite struct SettingsDifferenceTests {
    @Test("what differs is told key by key, as the files spell it, and equal settings have none")
    func differences() {
        let before = ClusterSettings(
            models: [ModelSettings(name: "digits")], pools: [PoolSettings(), PoolSettings(name: "gpu")])
        #expect(SettingsDifference.between(before, before).isEmpty)
        var after = before
        after.pools[0].maximumWorkers = 4
        after.pools[0].scaleOutRate = WorkerRate(workers: 10, per: .seconds(30))
        after.pools.removeLast()
        after.scaler.targetWait = .milliseconds(250)
        after.scaler.isPaused = true
        after.scaler.algorithm = Algorithm(RayServe())
        after.models[0].deadlines = [.high: .seconds(1)]
        let lines = SettingsDifference.between(before, after).map(\.description)
        for line in [
            "pools.cpu.maximum_workers: 2 -> 4", "pools.cpu.scale_out_rate.per: not given -> 30s",
            "scaler.target_wait: 1s -> 250ms", "scaler.paused: false -> true", "scaler.algorithm: spate -> ray",
            "scaler.algorithm.ray.upscale_delay: not given -> 30s",
            "models.digits.deadlines.high: not given -> 1s", "pools.gpu.device: cpu -> not given",
        ] { #expect(lines.contains(line), "\(line) in \(lines)") }
        #expect(!lines.contains { $0.hasPrefix("pools.cpu.minimum_workers") })
    }

    @Test("a password does not show in a difference")
    func masksPasswords() {
        var after = ClusterSettings()
        after.redis.server = .url("redis://spate:hunter2@queue:6379")
        let text = SettingsDifference.between(ClusterSettings(), after).map(\.description).joined()
        #expect(text.contains("redis://***@queue:6379"))
        #expect(!text.contains("hunter2"))
    }
}
