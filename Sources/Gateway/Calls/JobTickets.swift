import Clocks
import Jobs
import Logging
import Observability
import Synchronization
import Time

/// The secret that this cluster's tickets are signed with, as this gateway knows it.
///
/// The store keeps it. Should the store lose it (all keys were deleted, a failover to an empty replica), the first gateway that
/// notices writes back what it has, so that its tickets stay good; one that was replaced meanwhile is still accepted.
final class JobTickets: Sendable {
    private struct State {
        /// The one to sign with first, then those before it.
        var signers: [JobSigner] = []
        var looked: Timestamp?
    }

    /// How many secrets are accepted.
    private static let maximumSigners = 4
    /// How often the store is asked whether it still has the secret.
    private static let interval: Duration = .seconds(10)
    /// How often it is asked for the sake of tickets that were not signed with any known one.
    private static let leastInterval: Duration = .seconds(1)

    private let queue: any SubmissionQueue
    private let clock: WaitClock
    private let logger: Logger
    private let state = Mutex(State())

    init(queue: any SubmissionQueue, clock: WaitClock, logger: Logger) {
        self.queue = queue
        self.clock = clock
        self.logger = logger
    }

    /// What signs now. Asks the store the first time only.
    func signer() async throws(QueueError) -> JobSigner {
        if let known = state.withLock({ $0.signers.first }) { return known }
        return try await refresh()
    }

    /// The ticket that `text` spells; `nil` if no gateway of this cluster can have given it out.
    func open(_ text: some StringProtocol) async throws(QueueError) -> JobTicket? {
        if let ticket = state.withLock({ $0.signers.lazy.compactMap { $0.open(text) }.first }) { return ticket }
        let now = clock.now()
        let mayLook = state.withLock { state in
            // Before any secret is known every ticket is unknown.
            if state.signers.isEmpty { return true }
            if let looked = state.looked, now - looked < Self.leastInterval { return false }
            state.looked = now
            return true
        }
        guard mayLook else { return nil }
        return try await refresh().open(text)
    }

    /// Sees to it that the store keeps a secret, until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            do throws(QueueError) {
                _ = try await refresh()
            } catch {
                logger.debug("the secret of job ids cannot be looked for", metadata: [LogKeys.reason: "\(error)"])
            }
            // Only cancellation throws, and the loop's condition sees it.
            try? await clock.sleep(Self.interval)
        }
    }

    private func refresh() async throws(QueueError) -> JobSigner {
        let known = state.withLock { $0.signers.first?.secret }
        let signer = JobSigner(secret: try await queue.jobSecret(orElse: known))
        state.withLock { state in
            state.signers.removeAll { $0 == signer }
            state.signers.insert(signer, at: 0)
            if state.signers.count > Self.maximumSigners { state.signers.removeLast() }
        }
        return signer
    }
}
