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
        #expect(changes == [[.exited(first, reason: "signal 9 (SIGKILL)", isFailure: true)], [], [], [], []])
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

    @Test(
        "a count falls by the pods that are named, and by those that are not there",
        arguments: [
            PlanCase("all named", current: 5, to: 3, naming: ["w-1", "w-2"], count: 3, leaving: ["w-1", "w-2"]),
            PlanCase("one named", current: 5, to: 3, naming: ["w-1"], count: 4, leaving: ["w-1"]),
            PlanCase("nobody named", current: 5, to: 0, naming: [], count: 5),
            PlanCase("more named than leave", current: 5, to: 4, naming: ["w-1", "w-2"], count: 4, leaving: ["w-1"]),
            PlanCase(
                "a later boot named", current: 5, to: 4, naming: ["w-2"], boot: "_00c0ffee", count: 4, leaving: ["w-2"]),
            PlanCase(
                "a name that is not known", current: 5, to: 3, naming: ["w-1", "x-1"], count: 4, leaving: ["w-1"]),
            PlanCase("three never came", current: 8, to: 5, naming: [], count: 5),
            PlanCase("one never came, one is named", current: 6, to: 3, naming: ["w-1"], count: 4, leaving: ["w-1"]),
            PlanCase(
                "one leaves already", current: 4, to: 3, naming: ["w-1", "w-2"], leavesAlready: "w-1", count: 3,
                leaving: ["w-2"]),
            PlanCase("not listed yet", current: 5, to: 3, naming: ["w-1", "w-2"], isListed: false, count: 5),
            PlanCase("not followed now", current: 8, to: 5, naming: [], isFollowed: false, count: 8),
            PlanCase("raised", current: 5, to: 7, naming: ["x-1"], count: 7),
        ])
    func countPlan(_ test: PlanCase) {
        var ledger = PodLedger()
        if test.isListed {
            _ = ledger.replace(with: (1...5).map { pod("w-\($0)", isLeaving: false) })
            if let leaving = test.leavesAlready { _ = ledger.note(pod(leaving, isLeaving: true)) }
        }
        let plan = ledger.plan(
            from: test.current, to: test.wanted, naming: test.named.map { "\($0)_0123abcd\(test.boot)" },
            isFollowed: test.isFollowed)
        #expect(plan == PodLedger.CountPlan(count: test.count, leaving: test.planned))
    }

    struct PlanCase: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var current: Int
        var wanted: Int
        var named: [String]
        var boot: String
        var leavesAlready: String?
        var isListed: Bool
        var isFollowed: Bool
        var count: Int
        var planned: [String]

        /// Of five pods, `w-1` to `w-5`.
        init(
            _ name: String, current: Int, to wanted: Int, naming named: [String], boot: String = "",
            leavesAlready: String? = nil, isListed: Bool = true, isFollowed: Bool = true, count: Int,
            leaving planned: [String] = []
        ) {
            testDescription = name
            self.current = current
            self.wanted = wanted
            self.named = named
            self.boot = boot
            self.leavesAlready = leavesAlready
            self.isListed = isListed
            self.isFollowed = isFollowed
            self.count = count
            self.planned = planned
        }
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
