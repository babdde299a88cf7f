import Testing

@testable import Clusters

@Suite("What pods say of workers")
struct PodLedgerTests {
    typealias Pod = KubernetesValues.Pod

    private func pod(
        _ name: String = "w-1", uid: String = "0123abcd-ef", phase: String = "Running", restarts: Int = 0,
        state: Pod.State? = nil, last: Pod.State? = nil, isLeaving: Bool = false
    ) -> Pod {
        Pod(
            metadata: .init(name: name, uid: uid, deletionTimestamp: isLeaving ? "2026-11-21T08:30:00Z" : nil),
            status: .init(
                phase: phase,
                containerStatuses: [.init(name: "worker", restartCount: restarts, state: state, lastState: last)]))
    }
    private func ended(_ code: Int32, _ message: String? = nil, reason: String = "Error") -> Pod.State {
        Pod.State(terminated: .init(exitCode: code, reason: reason, message: message))
    }
    private let first = "w-1_0123abcd"

    @Test("a pod that is seen again starts once")
    func startsOnce() {
        var ledger = PodLedger()
        let changes = [ledger.note(pod(phase: "Pending")), ledger.note(pod()), ledger.replace(with: [pod()])]
        #expect(changes == [[.started(first)], [], []])
    }

    @Test("an end is told once, however often and in whatever order it is seen")
    func endsOnce() {
        var ledger = PodLedger()
        _ = ledger.note(pod())
        let changes = [
            ledger.note(pod(state: ended(137, first))), ledger.note(pod(state: ended(137, first))),
            ledger.note(pod(state: .init(waiting: .init(reason: "CrashLoopBackOff")), last: ended(137, first))),
            ledger.note(pod(restarts: 1, last: ended(137, first))), ledger.remove("w-1", last: nil),
        ]
        #expect(changes == [[.exited(first, reason: "signal 9", isFailure: true)], [], [], [], []])
    }

    @Test("a restart that was missed is told from what is left of it")
    func missedRestart() {
        var ledger = PodLedger()
        _ = ledger.note(pod())
        let changes = ledger.note(pod(restarts: 1, last: ended(137, first, reason: "OOMKilled")))
        #expect(
            changes == [.exited(first, reason: "it used more memory than its pod may and was killed", isFailure: true)])
    }

    @Test("a later boot in the same pod is another worker, known by what it wrote")
    func laterBoot() {
        var ledger = PodLedger()
        _ = ledger.note(pod())
        _ = ledger.note(pod(restarts: 1, last: ended(137, first)))
        let second = first + "_00ff00ff"
        #expect(
            ledger.note(pod(restarts: 1, state: ended(1, second), last: ended(137, first)))
                == [.exited(second, reason: "exit status 1", isFailure: true)])
        #expect(ledger.pod(of: second) == "w-1")
        // Nobody is believed who is not of this pod.
        #expect(ledger.note(pod(restarts: 2, state: ended(1, "other_pod"), last: nil)) == [])
    }

    @Test("several boots between two looks: the first has ended in any case")
    func skippedBoots() {
        var ledger = PodLedger()
        _ = ledger.note(pod())
        #expect(
            ledger.note(pod(restarts: 3, last: ended(1)))
                == [.exited(first, reason: "its container was restarted", isFailure: true)])
    }

    @Test("a pod that was asked to leave and leaves has not failed; one that vanishes has")
    func leaving() {
        var ledger = PodLedger()
        _ = ledger.note(pod())
        #expect(ledger.note(pod(isLeaving: true)) == [])
        #expect(
            ledger.remove(
                "w-1", last: pod(phase: "Succeeded", state: ended(0, first, reason: "Completed"), isLeaving: true))
                == [.exited(first, reason: "exit status 0", isFailure: false)])
        _ = ledger.note(pod("w-2"))
        #expect(ledger.replace(with: []) == [.exited("w-2_0123abcd", reason: "its pod is gone", isFailure: true)])
        #expect(ledger.pods.isEmpty)
    }

    @Test("an evicted pod says so")
    func evicted() {
        var ledger = PodLedger()
        _ = ledger.note(pod())
        var evicted = pod(phase: "Failed")
        evicted.status?.reason = "Evicted"
        evicted.status?.message = "The node was low on resource: memory."
        #expect(
            ledger.note(evicted)
                == [.exited(first, reason: "Evicted: The node was low on resource: memory.", isFailure: true)])
    }

    @Test("a stateful set's next pod of the same name is another worker")
    func sameName() {
        var ledger = PodLedger()
        _ = ledger.note(pod())
        #expect(
            ledger.note(pod(uid: "99999999-aa"))
                == [.exited(first, reason: "its pod is gone", isFailure: true), .started("w-1_99999999")])
    }

    @Test("a pod that had restarted before the scaler looked is nobody's start")
    func adoptedAfterRestart() {
        var ledger = PodLedger()
        #expect(ledger.note(pod(restarts: 2, last: ended(1))) == [])
        #expect(ledger.note(pod("w-9", phase: "Failed")) == [])
        #expect(ledger.remove("w-9", last: nil) == [])
    }
}

@Suite("Staying in step with a list")
struct WatchStateTests {
    @Test("a list is taken first, again when its place is forgotten, and else the watch goes on from the last event")
    func steps() {
        var state = WatchState()
        var generator = SystemRandomNumberGenerator()
        #expect(state.next == .list)
        state.noteList(version: "10")
        #expect(state.next == .watch(from: "10"))
        state.note(version: "12")
        #expect(state.next == .watch(from: "12"))
        _ = state.noteEnd(using: &generator)
        #expect(state.next == .watch(from: "12"))
        state.noteGone()
        #expect(state.next == .list)
    }

    @Test("a server that refuses every watch is asked ever more rarely, with jitter, until one brings something")
    func pauses() {
        var state = WatchState()
        var generator = SystemRandomNumberGenerator()
        var pauses: [Duration] = []
        for _ in 0..<9 {
            state.noteList(version: "1")
            pauses.append(state.noteFailure(using: &generator))
        }
        #expect(pauses[0] <= .milliseconds(100) && pauses[0] >= .milliseconds(50))
        #expect(pauses[8] >= .seconds(5) && pauses[8] <= .seconds(10))
        state.note(version: "2")
        #expect(state.noteFailure(using: &generator) <= .milliseconds(100))
    }
}
