import ExternalScaler
import Foundation
import Logging
import ServiceLifecycle
import TestKit
import TestSupport
import Time

/// The server of KEDA's calls with a clock and counts that the test sets by lines on standard input:
///
///     publish <pool> <count> [active|inactive]
///     advance <seconds>
///     sweep            ends streams without fresh data
///
/// Prints `port <number>` when it listens and `ok` after each line. Ends with its input.
/// Arguments: [certificate key [client authority]], PEM files.
@main struct KedaTestServer {
    static func main() async throws {
        let clock = ManualClock(Timestamp(microseconds: 1_000_000_000))
        let board = DesiredCountBoard(pools: ["cpu", "gpu"], time: clock)
        let service = ExternalScalerService(
            configuration: ExternalScalerConfiguration(host: "127.0.0.1", port: 0, tls: tls()), board: board,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let group = ServiceGroup(
            services: [service], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            say("port \(try await service.port())")
            tasks.addTask {
                for await line in lines() { obey(line.split(separator: " ").map(String.init), board, clock) }
                await group.triggerGracefulShutdown()
            }
            try await tasks.waitForAll()
        }
    }

    /// Those of standard input, read on a thread of its own.
    private static func lines() -> AsyncStream<String> {
        let (stream, continuation) = AsyncStream.makeStream(of: String.self)
        Thread.detachNewThread {
            while let line = readLine() { continuation.yield(line) }
            continuation.finish()
        }
        return stream
    }

    private static func tls() -> ExternalScalerConfiguration.TLS? {
        let files = Array(CommandLine.arguments.dropFirst())
        guard files.count >= 2 else { return nil }
        return .init(certificate: files[0], key: files[1], clientAuthority: files.count > 2 ? files[2] : nil)
    }

    private static func obey(_ words: [String], _ board: DesiredCountBoard, _ clock: ManualClock) {
        switch words.first {
        case "publish" where words.count > 2:
            board.publish([
                DesiredCount(
                    pool: words[1], count: Int(words[2]) ?? 0,
                    isActive: words.count > 3 ? words[3] == "active" : nil, at: clock.now())
            ])
        case "advance" where words.count > 1: clock.advance(by: .seconds(Int64(words[1]) ?? 0))
        case "sweep": board.endStaleStreams()
        default: return say("what?")
        }
        say("ok \(board.openStreams)")
    }

    private static func say(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }
}
