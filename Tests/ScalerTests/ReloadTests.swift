import Foundation
import Jobs
import Operations
import Scaler
import Settings
import Testing

@Suite struct ReloadTests {
    /// A cluster file in a folder of its own.
    private final class Files {
        let folder = NSTemporaryDirectory() + "spate-reload-\(UUID().uuidString)"
        var path: String { folder + "/spate.yaml" }

        init(_ text: String) throws {
            try FileManager.default.createDirectory(
                atPath: folder + "/models/m", withIntermediateDirectories: true)
            try Data("backend: synthetic\n".utf8).write(to: URL(fileURLWithPath: folder + "/models/m/model.yaml"))
            try write(text)
        }

        func write(_ text: String) throws {
            try Data("models: [m]\n\(text)\n".utf8).write(to: URL(fileURLWithPath: path))
        }

        deinit {
            // A folder that stays behind in the temporary directory harms nobody.
            try? FileManager.default.removeItem(atPath: folder)
        }
    }

    private func fixture(_ files: Files) throws -> Fixture {
        let settings = try ClusterSettings.load(path: files.path)
        let watch = SettingsWatch(path: files.path, overrides: SettingsOverrides(), settings: settings)
        return try Fixture(files: watch, settings: settings)
    }

    @Test("a changed file counts from the next look on, and each difference is logged by its key")
    func reloads() async throws {
        let files = try Files("pools: [{name: cpu, maximum_workers: 1}]")
        let fixture = try fixture(files)
        fixture.queue.set(fixture.model, waiting: 10_000)
        await fixture.look()
        #expect(fixture.driver.given.count == 1)
        try files.write("pools: [{name: cpu, maximum_workers: 3}]\nscaler: {target_wait: 2s}")
        // The first look sees that it changed, the second that it is not being written any more.
        for _ in 0..<2 { await fixture.scaler.lookAtFiles() }
        #expect(fixture.logs.all.contains("notice A setting changed pools.cpu.maximum_workers: 1 -> 3"))
        #expect(fixture.logs.all.contains("notice A setting changed scaler.target_wait: 1s -> 2s"))
        await fixture.look()
        #expect(fixture.driver.given.count == 3)
    }

    @Test("a broken file keeps the old settings and says where it is broken, once")
    func keepsTheOld() async throws {
        let files = try Files("pools: [{name: cpu, maximum_workers: 1}]")
        let fixture = try fixture(files)
        try files.write("pools: [{name: cpu, maximum_workers: many}]")
        for _ in 0..<5 { await fixture.scaler.lookAtFiles() }
        let errors = fixture.logs.all.filter { $0.hasPrefix("error") }
        #expect(errors.count == 1)
        #expect(
            errors.first?.contains("spate.yaml:2:38: 'maximum_workers': expected a whole number, found 'many'") == true)
        fixture.queue.set(fixture.model, waiting: 10_000)
        await fixture.look()
        #expect(fixture.driver.given.count == 1)
        try files.write("pools: [{name: cpu, maximum_workers: 2}]")
        await fixture.scaler.reloadNow()
        await fixture.look()
        #expect(fixture.driver.given.count == 2, "asked for, it does not wait for the second look")
    }

    @Test("what cannot change while it runs waits for the next start, and that is said")
    func waits() throws {
        let old = ClusterSettings(
            models: [ModelSettings(name: "m")], pools: [PoolSettings(), PoolSettings(name: "old")])
        var new = old
        new.gateway.port = 1
        new.pools = [
            PoolSettings(driver: .external, maximumWorkers: 9), PoolSettings(name: "box", driver: .containers),
        ]
        let merge = SettingsMerge(from: old, to: new, takes: { $0.driver == .process })
        #expect(merge.merged.pools.map(\.maximumWorkers) == [9, 0], "the pool that is gone gets no more workers")
        #expect(merge.merged.pools.first?.driver == .process)
        #expect(merge.applied.map(\.key) == ["pools.cpu.maximum_workers", "pools.old.maximum_workers"])
        let waiting = merge.waiting.map(\.key)
        #expect(waiting.contains("gateway.port"))
        #expect(waiting.contains("pools.cpu.driver"))
        #expect(waiting.contains("pools.box.driver"))
        #expect(!waiting.contains { $0.hasPrefix("pools.old") })
    }

    @Test("a model does not move to a pool that only the next start brings")
    func newPoolOfContainers() {
        let old = ClusterSettings(models: [ModelSettings(name: "m", pools: ["cpu"])], pools: [PoolSettings()])
        var new = old
        new.pools.append(PoolSettings(name: "box", driver: .containers))
        new.models[0].pools = ["box"]
        let merge = SettingsMerge(from: old, to: new, takes: { $0.driver == .process })
        #expect(merge.merged.pools.map(\.name) == ["cpu"])
        #expect(merge.merged.models[0].pools == ["cpu"])
        #expect(merge.waiting.contains { $0.key.hasPrefix("pools.box") })
        new.pools[1].driver = .process
        let sooner = SettingsMerge(from: old, to: new, takes: { $0.driver == .process })
        #expect(sooner.merged.pools.map(\.name) == ["cpu", "box"])
        #expect(sooner.merged.models[0].pools == ["box"])
    }

    @Test("a reload is asked for through the store, too, once for each time it is asked")
    func askedThroughTheStore() async throws {
        let files = try Files("pools: [{name: cpu, maximum_workers: 1}]")
        let fixture = try fixture(files)
        try files.write("pools: [{name: cpu, maximum_workers: 2}]")
        fixture.time.advance(by: .seconds(1))
        try await fixture.store.set(ControlEntry(.reload, "files", set: fixture.time.now()))
        for _ in 0..<3 { await fixture.look() }
        #expect(fixture.logs.all.filter { $0.contains("maximum_workers: 1 -> 2") }.count == 1)
    }
}
