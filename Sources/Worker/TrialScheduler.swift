import Jobs
import Logging
import Observability
import Synchronization
import Time
import Clocks
import WorkerCore

/// Runs jobs that workers died with, one at a time over all models of a worker, while nothing else of it runs.
///
/// So a death during a trial is the fault of that job, and one that merely lay beside it is never blamed: it is marked
/// in the queue only when the last other run has ended, nothing is started until its own has, and the mark is off again
/// before anything is.
final class TrialScheduler: Sendable {
    private struct State {
        var schedule = TrialSchedule()
        var runners: [ModelRunner] = []
        /// Models that are being loaded.
        var loads = 0
    }

    private let queue: any WorkQueue
    private let steady: any TimeSource
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let changed = Signal()
    private let state = Mutex(State())

    init(
        queue: any WorkQueue, steady: any TimeSource, clock: any Clock<Duration>, logger: Logger
    ) {
        self.queue = queue
        self.steady = steady
        self.clock = clock
        self.logger = logger
    }

    /// A model is served from now on.
    func add(_ runner: ModelRunner) {
        state.withLock { state in
            state.runners.append(runner)
            // Within the lock, so that a release comes after it. A runner takes no lock of the scheduler under its own.
            if state.schedule.isHolding { runner.hold() }
        }
    }

    /// A load that ends the process must not be taken for the fault of a job: none is tried meanwhile.
    func noteLoad(_ load: RunNotes.Load) {
        state.withLock { $0.loads += load == .began ? 1 : -1 }
        changed.raise()
    }

    /// Something changed that a turn depends on: any thread.
    func note() { changed.raise() }

    /// Until the task is cancelled.
    func run() async {
        var backoff = Backoff()
        while !Task.isCancelled {
            let runners = state.withLock { $0.runners }
            let seen = look(at: runners)
            switch state.withLock({ $0.schedule.step(seen, now: steady.now()) }) {
            case .sleep(nil): await changed.wait()
            case .sleep(let limit?): await changed.wait(atMost: limit, clock: clock)
            // Again those that came meanwhile.
            case .hold: for runner in state.withLock({ $0.runners }) { runner.hold() }
            case .release: for runner in state.withLock({ $0.runners }) { runner.release() }
            case .try(let model):
                await tryNext(of: runners[model], &backoff)
                state.withLock { $0.schedule.ended() }
            }
        }
    }

    private func look(at runners: [ModelRunner]) -> TrialSchedule.Observation {
        var seen = TrialSchedule.Observation(
            trials: [], isRunning: false, isBlocked: state.withLock { $0.loads > 0 }, isWaiting: false)
        for runner in runners { runner.observeTrials(into: &seen) }
        return seen
    }

    private func tryNext(of runner: ModelRunner, _ backoff: inout Backoff) async {
        guard let id = runner.nextTrial() else { return }
        do throws(QueueError) {
            guard try await queue.beginTrial(of: id) else { return runner.loseTrial() }
            backoff.succeeded()
        } catch {
            runner.putBackTrial()
            logger.warning(
                "A job that workers died with is not run yet",
                metadata: [LogKeys.jobID: "\(id)", LogKeys.reason: "\(error)"])
            // Only cancellation ends it early.
            try? await clock.sleep(for: backoff.failed())
            // Marked perhaps: taken off before anything else starts.
            return await unmark(id)
        }
        logger.debug(
            "A job that a worker died with runs alone",
            metadata: [LogKeys.jobID: "\(id)", LogKeys.modelName: "\(id.queue.model)"])
        runner.startTrial()
        while runner.hasTrial, !Task.isCancelled { await changed.wait() }
        await unmark(id)
    }

    /// Repeats until the queue has it: until then nothing else may start.
    private func unmark(_ id: JobID) async {
        var backoff = Backoff()
        while !Task.isCancelled {
            do {
                return try await queue.endTrial(of: id)
            } catch {
                // Cancellation ends the wait and then the loop.
                try? await clock.sleep(for: backoff.failed())
            }
        }
    }
}
