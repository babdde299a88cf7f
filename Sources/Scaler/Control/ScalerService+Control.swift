import ScalerCore
package import Jobs
import Logging
import Observability
import Scaling
import Settings
package import Time

extension ScalerService {
    /// Takes in what operators have set since the last look: says what is new, lets workers leave, reads files again.
    func follow(_ newest: ControlState, at now: Timestamp) async {
        let before = control
        control = newest
        for entry in newest.current(at: now) where !before.entries.contains(entry) {
            logger.notice("Set by hand", metadata: [LogKeys.reason: "\(entry.text(at: now))"])
            if entry.kind == .reload, entry.set > started {
                reload(isAsked: true)
                if leads { await retryFailedModels() }
            }
        }
        for entry in before.entries
        where !newest.entries.contains(where: { $0.kind == entry.kind && $0.subject == entry.subject }) {
            guard entry.kind != .reload, entry.kind != .leave else { continue }
            logger.notice("Not set by hand any more", metadata: [LogKeys.reason: "\(entry.kind) \(entry.subject)"])
        }
        for worker in newest.workers(.leave, at: now).sorted() { await letLeave(worker) }
        await removeExpired(newest, at: now)
    }

    /// A spot notice: the worker drains, whatever it does, and does not count any more.
    private func letLeave(_ worker: String) async {
        guard let member = fleet.members[worker], member.phase != .leaving else { return }
        fleet.noteTaken(worker)
        logger.notice(
            "A worker is taken away; it drains and is replaced",
            metadata: [LogKeys.workerID: "\(worker)", LogKeys.pool: "\(member.pool)"])
        guard member.isOurs, !configuration.isDryRun else { return }
        await askToDrain(worker, of: member.pool)
    }

    private func removeExpired(_ state: ControlState, at now: Timestamp) async {
        guard let store else { return }
        for entry in state.entries {
            let isDone =
                entry.kind == .leave && fleet.members[entry.subject] == nil && now - entry.set > .seconds(10)
            guard isDone || !entry.holds(at: now) else { continue }
            do {
                guard try await store.remove(entry) else { continue }
                if entry.kind == .override || entry.kind == .pause || entry.kind == .protect {
                    logger.notice("Expired", metadata: [LogKeys.reason: "\(entry.kind) \(entry.subject)"])
                }
            } catch {
                // It does not count any more, and the next look tries again.
                logger.debug("An entry was not removed", metadata: [LogKeys.reason: "\(error)"])
                return
            }
        }
    }

    /// The policy that counts now.
    func effectivePolicy(at now: Timestamp) -> Policy {
        let isStale = sight.read.map { now - $0 > policy.staleAfter } ?? true
        return withinMaximum(policy).with(
            control, fallback: configuration.settings.fallback.workers, isStale: isStale, at: now)
    }
}

extension ControlEntry {
    /// In words, for logs and people.
    package func text(at now: Timestamp) -> String {
        let what =
            switch kind {
            case .override: "pool \(subject) has \(count == 1 ? "1 worker" : "\(count ?? 0) workers")"
            case .pause: subject == Self.everything ? "all pools are paused" : "pool \(subject) is paused"
            case .protect: "worker \(subject) is not scaled in"
            case .leave: "worker \(subject) leaves"
            case .reload: "the scaler reads its files again at its next look"
            }
        // A request to reload is done once; how long it is kept is nobody's business.
        if kind == .reload { return what + (note.map { " (\($0))" } ?? "") }
        let end = until.map { ", for \(Duration.seconds(($0 - now).seconds.rounded(.up)).text)" } ?? ""
        return what + end + (note.map { " (\($0))" } ?? "")
    }
}

extension ScalerSettings.Fallback {
    /// How many workers a pool keeps at least; `nil`: those that are there.
    var workers: Int? {
        switch self {
        case .hold: nil
        case .workers(let count): count
        }
    }
}
