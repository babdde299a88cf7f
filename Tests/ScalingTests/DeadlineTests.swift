import Scaling
import Testing
import Time

/// Work with a deadline that leaves time for a start may queue up.
@Suite struct DeadlineTests {
    @Test("one job waits until a start would just be ready in time, so that later ones share it")
    func loneJobWaits() throws {
        var cluster = Cluster()
        cluster.model.waiting = 1
        cluster.model.submitted = 1
        var waited = Duration.zero
        cluster.model.oldestWait = waited
        var decision = try cluster.lookAtPool()
        #expect(decision.starts == 0)
        while decision.starts == 0, waited < .seconds(30) {
            waited += .milliseconds(250)
            cluster.model.oldestWait = waited
            decision = try cluster.lookAtPool()
        }
        #expect(decision.starts == 1)
        #expect(decision.candidate(.deadline)?.count == 1)
        // 30 s less the margin of 3.5 s, the planned start of 12 s and half a start in hand.
        #expect(waited > .seconds(6) && waited < .seconds(10), "\(waited)")
    }

    @Test("a burst gets the workers that will be busy until its deadline, at once")
    func burst() throws {
        var cluster = Cluster()
        cluster.model.waiting = 10_000
        cluster.model.submitted = 10_000
        // 100 s of work; a worker started now does 14.5 s by the deadline, margins taken off.
        let decision = try cluster.lookAtPool()
        #expect((6...7).contains(decision.starts), "\(decision.starts)")
        #expect(decision.reason.contains("wanted to keep the deadlines"))
    }

    @Test("workers that are there and on their way count from when they will be ready")
    func countsStarting() throws {
        var cluster = Cluster()
        cluster.model.waiting = 10_000
        cluster.pool.starting = Array(repeating: .seconds(2), count: 7)
        #expect(try cluster.lookAtPool().starts == 0)
        cluster = Cluster()
        cluster.model.waiting = 10_000
        cluster.pool.busy = 5
        #expect(try cluster.lookAtPool().starts == 0)
    }

    @Test("a low class with a long deadline is not urgent beside a high one")
    func classes() throws {
        var cluster = Cluster(deadline: .seconds(30))
        cluster.policy.models[0].deadlines = [ClassDeadline(name: .low, deadline: .seconds(600))]
        cluster.model.waiting = 10_000
        cluster.model.classes = [ClassBacklog(name: .low, waiting: 10_000, oldestWait: .seconds(5))]
        let low = try cluster.lookAtPool().starts
        cluster.state = PolicyState()
        cluster.model.classes = [ClassBacklog(name: .high, waiting: 10_000, oldestWait: .seconds(5))]
        let high = try cluster.lookAtPool().starts
        #expect(low == 0)
        #expect(high >= 6)
    }

    @Test("deadlines that the jobs carry count before the policy's")
    func ownDeadlines() throws {
        var cluster = Cluster(deadline: .seconds(300))
        cluster.model.waiting = 1_000
        #expect(try cluster.lookAtPool().starts == 0)
        cluster.model.soonestDeadlines = [DeadlineBucket(within: .seconds(20), jobs: 1_000)]
        #expect(try cluster.lookAtPool().starts == 2)
    }

    @Test("a deadline that no start can keep any more is said to be infeasible: which, how many, by how much, why")
    func infeasible() throws {
        var cluster = Cluster(maximum: 2)
        cluster.model.waiting = 10_000
        cluster.model.oldestWait = .zero
        let clipped = try #require(cluster.look().infeasible.first)
        #expect(clipped.model == "m")
        #expect(clipped.deadline == .seconds(30))
        #expect(clipped.cause == .maximum)
        // Two workers do 2 x 20 s of 100 s in time.
        #expect((5_900...6_100).contains(clipped.jobs), "\(clipped.jobs)")
        #expect(clipped.lateBy > .seconds(25) && clipped.lateBy < .seconds(35), "\(clipped.lateBy)")
        var late = Cluster()
        late.model.waiting = 100
        late.model.oldestWait = .seconds(29)
        let tooLate = try #require(late.look().infeasible.first)
        #expect(tooLate.cause == .startUp)
        #expect(tooLate.jobs > 20)
        var fine = Cluster()
        fine.model.waiting = 10_000
        #expect(fine.look().infeasible.isEmpty)
    }

    @Test("an infeasible deadline names the class whose jobs are due first")
    func infeasibleClass() throws {
        var cluster = Cluster(maximum: 2)
        cluster.policy.models[0].deadlines = [
            ClassDeadline(name: .high, deadline: .seconds(20)), ClassDeadline(name: .low, deadline: .seconds(300)),
        ]
        cluster.model.waiting = 20_000
        cluster.model.classes = [
            ClassBacklog(name: .high, waiting: 10_000, oldestWait: .zero),
            ClassBacklog(name: .low, waiting: 10_000, oldestWait: .zero),
        ]
        let late = try #require(cluster.look().infeasible.first)
        #expect(late.name == .high && late.deadline == .seconds(20))
        // The low ones are older than what is left of their time.
        cluster.model.classes[1].oldestWait = .seconds(290)
        let older = try #require(cluster.look().infeasible.first)
        #expect(older.name == .low && older.deadline == .seconds(300))
    }

    @Test("idle workers beyond the load leave at once where jobs can wait for a start")
    func idleLeaves() throws {
        var cluster = Cluster()
        cluster.pool.idle = 3
        _ = try cluster.lookAtPool()
        let decision = try cluster.lookAtPool()
        #expect(decision.wanted == 0)
        #expect(decision.drains == 3)
    }

    @Test("workers that the load keeps busy stay, however many are idle for a moment")
    func loadKeeps() throws {
        var cluster = Cluster()
        cluster.pool.busy = 2
        cluster.pool.idle = 3
        var decision = try cluster.lookAtPool()
        for _ in 0..<400 {
            cluster.model.submitted += 85
            decision = try cluster.lookAtPool()
        }
        // 340 a second keep 3.4 workers busy.
        #expect(decision.wanted == 3)
        #expect(decision.drains == 2)
        #expect(decision.rule(.costOfRestart)?.to == 3)
    }

    @Test("a ramp with a deadline is followed without a late job and without idle workers")
    func ramp() {
        var story = Story(startUp: .seconds(10), maximum: 40, deadline: .seconds(30))
        var worst = 0.0
        for second in 0..<600 {
            story.pass(.seconds(1), rate: Double(second))
            worst = max(worst, story.oldestWait)
        }
        #expect(worst < 29, "\(worst) s")
        #expect(worst > 15, "it uses what the deadline allows")
        let work = Double(story.submitted) / story.speed
        #expect(story.workerSeconds < work * 1.15, "\(story.workerSeconds) for \(work) s of work")
        story.pass(.seconds(60))
        #expect(story.total == 0)
    }

    @Test("a start that was slow of late is planned with, before the median knows")
    func slowStarts() throws {
        var quick = Cluster(deadline: .seconds(60))
        quick.model.waiting = 4_000
        let usual = try quick.lookAtPool().starts
        var slow = Cluster(deadline: .seconds(60))
        slow.pool.starting = [.seconds(30)]
        _ = try slow.lookAtPool()
        slow.pool.starting = []
        slow.model.waiting = 4_000
        #expect(try slow.lookAtPool().starts > usual)
    }
}
