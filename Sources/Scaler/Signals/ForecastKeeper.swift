import Forecasting
package import Jobs
package import Logging
import Observability
package import Operations
package import Scaling
package import Settings
import Synchronization
package import Time

/// Learns from the recorded arrivals, minute by minute, and keeps what is expected of each model.
///
/// At the start it reads what the ledger holds and forecasts the last two days anew, so that the error is known at once.
package final class ForecastKeeper: Sendable {
    private static let horizon = Duration.seconds(900)
    private static let minute = Duration.seconds(60)
    /// Minutes that are forecast anew at the start, for their error.
    private static let rehearsed = 2_880

    private struct State {
        var forecaster: Forecaster
        var settings: ForecastSettings
        /// Counted up to here.
        var counted: [QueueName: Int64] = [:]
        /// By model: the minute in which it was asked, and what was answered.
        var answers: [QueueName: (minute: Int64, rates: [ExpectedArrivals])] = [:]
        var told: [QueueName: String] = [:]
    }

    private let queues: [QueueName]
    private let ledger: any TrafficLedger
    private let time: any TimeSource
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let state: Mutex<State>

    /// - Parameters:
    ///   - ledger: what arrived, by minute.
    ///   - time: the cluster's common time.
    ///   - clock: what is waited by.
    package init(
        queues: [QueueName], settings: ForecastSettings, ledger: any TrafficLedger, time: any TimeSource,
        clock: any Clock<Duration>, logger: Logger
    ) {
        self.queues = queues
        self.ledger = ledger
        self.time = time
        self.clock = clock
        self.logger = logger
        state = Mutex(
            State(
                forecaster: Forecaster(gate: ForecastGate(mode: settings.mode), zone: settings.rules),
                settings: settings))
    }

    /// What is expected of a model within the next quarter of an hour; computed once a minute.
    package func expected(_ queue: QueueName, _ now: Timestamp, _ settings: ForecastSettings) -> [ExpectedArrivals] {
        let minute = ArrivalHistory.minute(of: now)
        return state.withLock { state in
            if settings != state.settings {
                state.settings = settings
                state.forecaster.gate.mode = settings.mode
                state.forecaster.zone = settings.rules
                state.answers = [:]
            }
            if let answer = state.answers[queue], answer.minute == minute { return answer.rates }
            let rates = state.forecaster.expected(of: queue.description, at: now, horizon: Self.horizon)
                .map { ExpectedArrivals($0) }
            state.answers[queue] = (minute, rates)
            return rates
        }
    }

    /// Reads the ledger at the start and after each minute, until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            for queue in queues { await learn(queue) }
            // Cancellation ends the sleep, and then the loop.
            try? await clock.sleep(for: .seconds(20), tolerance: nil)
        }
    }

    private func learn(_ queue: QueueName) async {
        guard state.withLock({ $0.settings.mode != .off }) else { return }
        let current = ArrivalHistory.minute(of: time.now())
        let first = state.withLock { state in
            // The clock of Redis was ahead: minutes that are still to come were taken for known ones.
            if let counted = state.counted[queue], counted > current + 1 {
                state.counted[queue] = nil
                state.answers[queue] = nil
                state.forecaster.forget(queue.description)
            }
            return state.counted[queue] ?? current - Int64(ArrivalHistory.capacity) + 1
        }
        guard first < current else { return }
        let counts: [Int?]
        do {
            counts = try await ledger.arrivals(
                at: queue, from: .zero + Self.minute * Int(first), minutes: Int(current - first))
        } catch {
            logger.debug("The recorded arrivals were not read", metadata: [LogKeys.reason: "\(error)"])
            return
        }
        note(counts, from: first, of: queue)
    }

    private func note(_ counts: [Int?], from first: Int64, of queue: QueueName) {
        let name = queue.description
        let news = state.withLock { state -> String? in
            for (index, count) in counts.enumerated() {
                let at = Timestamp.zero + Self.minute * Int(first + Int64(index))
                if index >= counts.count - Self.rehearsed {
                    // Before the minute is known.
                    _ = state.forecaster.expected(of: name, at: at - Self.minute, horizon: Self.minute * 2)
                }
                if let count { state.forecaster.record(count, of: name, at: at) }
            }
            state.counted[queue] = first + Int64(counts.count)
            guard let report = state.forecaster.report(of: name) else { return nil }
            // Said when it changes, not with every figure.
            let verdict = String(report.verdict.reason.prefix { $0 != ":" })
            guard state.told[queue] != verdict, report.error.minutes > 0 else { return nil }
            state.told[queue] = verdict
            return report.verdict.reason
        }
        guard let news else { return }
        logger.notice("Forecast", metadata: [LogKeys.modelName: "\(queue.model)", LogKeys.reason: "\(news)"])
    }
}
