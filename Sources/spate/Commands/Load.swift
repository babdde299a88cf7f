import ArgumentParser
import Foundation
import LoadGenerator
import Time
import Traffic

/// `spate load`
struct Load: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Send open-loop traffic from a profile, follow every call to its end, and report.",
        discussion: """
            Latency counts from the moment at which a call was due, whatever became of earlier calls. Exits 1 when anything
            was lost, duplicated, wrong or failed, 130 when Ctrl-C ended the run; the report then tells what came until then.
            """)

    @Option(help: "Base URL of the gateway.") var url = "http://127.0.0.1:8000"
    @Option(help: "Base URL of its administration port, for backlog and workers in the report.")
    var admin = "http://127.0.0.1:8002"
    @Option(help: "The load profile; cluster/load/morning-peak.yaml explains every key.")
    var profile = "cluster/load/morning-peak.yaml"
    @Option(help: "Recorded requests with expected answers; cluster/load/FORMAT.md describes them.")
    var requests = ".spate/recordings/magika.jsonl"
    @OptionGroup var pace: LoadPace
    @Option(help: "Sends every request to this model, whatever the recording says.") var model: String?
    @Option(help: "Arrivals and choices follow from it.") var seed: UInt64 = 1
    @Flag(help: "Send tensors as JSON instead of binary.") var json = false
    @Option(help: "Closed loop instead of the profile: so many connections, each with one call at a time.")
    var connections: Int?
    @Option(help: "Seconds that a closed loop lasts.") var seconds: Double = 10
    @Option(help: "Folder for report.json and report.html.") var report = ".spate/report"

    func run() async throws {
        do {
            let recording = try Recording.read(path: requests)
            let load: LoadRun.Load
            var clock: LiveDisplay.Clock?
            if let connections {
                guard (0.001...86_400).contains(seconds) else {
                    throw LoadError("--seconds must be between 0.001 and 86400, got \(seconds)")
                }
                load = .closed(
                    connections: connections, duration: .milliseconds(Int64(seconds * 1_000)), asynchronousShare: 0)
            } else {
                let profile = try LoadProfileFile.read(path: profile)
                load = .open(profile, speed: pace.speed, keeping: pace.keep)
                clock = .init(start: profile.arrivals.start, speed: pace.speed)
            }
            let run = try LoadRun(
                load: load, recording: recording, model: model, encoding: json ? .json : .binary,
                target: LoadTarget(url), admin: LoadTarget(admin), seed: seed, runID: BootID.make("load"),
                started: Date.now.ISO8601Format(), environment: .current())
            try await StopSignals.watching(LoadConsole.stopWords) { [clock] stop in
                let result = try await LoadConsole.carryOut(run, clock: clock, stop: stop)
                try LoadConsole.publish(result, to: report)
                try LoadConsole.conclude(result)
            }
        } catch {
            throw LoadConsole.exit(error, of: "load")
        }
    }
}

/// How a profile's time is compressed.
struct LoadPace: ParsableArguments {
    @Option(help: "Plays the profile so many times as fast.") var speed: Double = 1
    @Option(
        help:
            "What a compressed profile keeps: `rates` (calls per second; fewer calls) or `calls` (their number; at `speed` times the rate)."
    )
    var keep: ArrivalProfile.Compression = .rates
}

extension ArrivalProfile.Compression: ExpressibleByArgument {
    public init?(argument: String) {
        switch argument {
        case "rates": self = .rates
        case "calls": self = .calls
        default: return nil
        }
    }
}
