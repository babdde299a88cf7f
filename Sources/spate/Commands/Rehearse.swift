import ArgumentParser
import Clusters
import Foundation
import LoadGenerator
import Time
import Traffic

/// `spate rehearse`
struct Rehearse: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start a cluster of its own, replay a load profile against it, report, stop everything.",
        discussion: """
            The cluster takes free ports and a fresh data directory, so it disturbs nothing that runs already. Exits 0 only if
            nothing was lost, duplicated, failed or wrong and the cluster drained in order; 130 when Ctrl-C ended the run, of
            which the report then tells what came until then.
            """)

    @Option(help: "The cluster file. SPATE_CONFIG names another default.") var config = ClusterOptions.defaultPath
    @Option(help: "The load profile.") var profile = "cluster/load/morning-peak.yaml"
    @Option(help: "Recorded requests with expected answers.") var requests = ".spate/recordings/morning.jsonl"
    @Option(help: "Plays the profile so many times as fast.") var speed: Double = 20
    @Option(help: "Arrivals and choices follow from it.") var seed: UInt64 = 1
    @Option(help: "Folder for report.json, report.html and the cluster's data and log.") var report = ".spate/report"

    func run() async throws {
        do {
            let recording = try Recording.read(path: requests)
            let profile = try LoadProfileFile.read(path: profile)
            try await StopSignals.watching(LoadConsole.stopWords) { stop in
                try await carryOut(profile, recording, stop: stop)
            }
        } catch {
            throw LoadConsole.exit(error, of: "rehearse")
        }
    }

    private func carryOut(_ profile: LoadProfile, _ recording: [RecordedRequest], stop: StopSignals) async throws {
        let (config, folder) = (config, report + "/cluster")
        let system = try await stop.stoppable { try await TemporarySystem.start(config: config, folder: folder) }
        Terminal.line(
            "cluster  \(system.addresses.http), administration \(system.addresses.admin)\n         log \(system.logPath)"
        )
        let result: TrafficReport
        do {
            result = try await replay(profile, recording, on: system, stop: stop)
        } catch {
            await system.stop()
            throw error
        }
        let status = await system.stop()
        try LoadConsole.publish(result, to: report)
        guard status.isSuccess else {
            Terminal.error("spate rehearse: the cluster did not end in order (\(status)); see \(system.logPath)")
            throw ExitCode(1)
        }
        try LoadConsole.conclude(result)
    }

    private func replay(
        _ profile: LoadProfile, _ recording: [RecordedRequest], on system: TemporarySystem,
        stop: StopSignals
    ) async throws -> TrafficReport {
        // Watches until the last worker is gone: scaling in is part of the rehearsal.
        let options = LoadOptions(observation: .seconds(30))
        let run = try LoadRun(
            load: .open(profile, speed: speed, keeping: .rates), recording: recording,
            target: LoadTarget(system.addresses.http), admin: LoadTarget(system.addresses.admin), seed: seed,
            runID: BootID.make("rehearsal"), started: Date.now.ISO8601Format(),
            environment: .current(config: config), options: options)
        if let calls = run.expectedCalls {
            Terminal.line(
                "load     \(profile.name), about \(Int(calls)) calls in \(Int(run.duration.seconds)) s, requests from \(requests)"
            )
        }
        return try await LoadConsole.carryOut(
            run, clock: .init(start: profile.arrivals.start, speed: speed), stop: stop)
    }
}
