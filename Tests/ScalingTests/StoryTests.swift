import Random
import Scaling
import Testing
import Time

/// Stories in time: what a pool does from the first job to the last.
@Suite struct StoryTests {
    @Test("the first job on an empty pool starts one worker at the next decision, and quiet ends it")
    func zeroToOneToZero() {
        var story = Story()
        story.pass(.seconds(1))
        #expect(story.total == 0)
        story.pass(.milliseconds(250), jobs: 1)
        #expect(story.last.starts == 1)
        #expect(story.last.candidates.contains { $0.proposer == .wake })
        story.pass(.seconds(5))
        #expect(story.waiting == 0)
        #expect(story.ready == 1, "the window is not over")
        story.pass(.seconds(8))
        #expect(story.total == 0)
        #expect(story.last.reason == "0 workers: nothing waits or runs")
    }

    @Test("a burst gets all workers it needs in one decision, and none later")
    func burst() {
        var story = Story(maximum: 100)
        story.pass(.milliseconds(250), jobs: 2_000)
        // 20 s of work; each new worker is of use for half a second of the horizon, at 80 %.
        #expect(story.last.starts == 50)
        #expect(story.last.guards.isEmpty)
        story.pass(.seconds(3))
        #expect(story.waiting == 0)
        #expect(story.decisions.count { $0.starts > 0 } == 1, "starting workers are counted")
    }

    @Test("a burst beyond the maximum is clipped by it and says how long it takes")
    func clipped() throws {
        var story = Story(maximum: 4)
        story.pass(.seconds(1))
        story.pass(.milliseconds(250), jobs: 2_000)
        #expect(story.total == 4)
        let rule = try #require(story.last.guards.first { $0.kind == .maximum })
        #expect(rule.from == 50)
        #expect(rule.to == 4)
        #expect(story.last.figures.drainTime == .seconds(5))
        #expect(story.last.alternatives.contains("a maximum of 50 would give 50"))
        #expect(
            story.last.reason
                == "4 workers (0 before, start 4): 2000 jobs wait, 20 s of work, 50 wanted for the backlog; "
                + "held at 4 by the maximum")
    }

    @Test("on a ramp the workers follow the rate: the wait stays near the target, with few to spare")
    func ramp() {
        var story = Story(maximum: 40)
        story.pass(.seconds(10), rate: 20)
        var worst = 0.0
        for second in 0..<300 {
            story.pass(.seconds(1), rate: 20 + Double(second) * 5)
            worst = max(worst, story.waiting / (Double(max(story.ready, 1)) * story.speed))
        }
        #expect(worst < 1, "seconds of wait")
        // 1,515 a second need 15.2 workers, 18.9 at 80 %.
        #expect((19...23).contains(story.total), "\(story.total) workers")
        story.pass(.seconds(300)) { elapsed in max(1_515 - elapsed * 5, 20) }
        #expect(story.total < 10)
        story.pass(.seconds(30))
        #expect(story.total == 0)
    }

    @Test("five percent of noise around a whole number of workers adds one worker at most, and never flaps")
    func noiseDoesNotFlap() {
        var story = Story(maximum: 20)
        var random = SeededGenerator(seed: 7)
        story.pass(.seconds(120), rate: 400)
        let settled = story.decisions.count
        for _ in 0..<1_200 {
            story.pass(.milliseconds(250), rate: 400 * Double.random(in: 0.95...1.05, using: &random))
        }
        #expect(story.moves(since: settled) <= 1)
    }

    @Test("a job a second keeps its one worker, and does not start it anew each time")
    func slowTrickle() {
        var story = Story()
        story.pass(.seconds(120), rate: 1)
        #expect(story.startsSucceeded == 1)
        #expect(story.total == 1)
    }

    @Test("a start that would be ready after the work is done is not made")
    func startTooLate() throws {
        var story = Story(startUp: .seconds(20), minimum: 4, maximum: 50)
        story.pass(.seconds(25))
        #expect(story.ready == 4)
        // 5 s of work for 4 workers: five times the target wait, and a quarter of the start-up time.
        story.pass(.milliseconds(250), jobs: 2_000)
        #expect(story.last.starts == 0)
        let rule = try #require(story.last.guards.first { $0.kind == .startUpHelps })
        #expect(rule.from == 24)
        #expect(rule.to == 4)
        // 200 s of work: now new workers help.
        story.pass(.milliseconds(250), jobs: 20_000)
        #expect(story.last.starts == 46)
    }

    @Test("slow starts: workers on their way are counted until they come, however late they are")
    func slowStart() {
        var story = Story(startUp: .seconds(45), maximum: 100)
        story.pass(.milliseconds(250), jobs: 3_000)
        let started = story.total
        #expect(started == 75)
        story.pass(.seconds(44))
        #expect(story.total == started)
        #expect(story.last.guards.contains { $0.kind == .startsCounted && $0.to == 0 })
        story.pass(.seconds(3))
        #expect(story.waiting == 0)
        #expect(story.startsSucceeded == started)
    }

    @Test("after a burst the workers stay for three start-up times of quiet, then all leave at once")
    func windowFollowsStartUp() {
        var story = Story(startUp: .seconds(5), maximum: 10)
        story.pass(.seconds(10), jobs: 1_000)
        #expect(story.waiting == 0)
        #expect(story.ready == 10)
        story.pass(.seconds(8))
        #expect(story.ready == 10)
        #expect(story.last.guards.contains { $0.kind == .scaleInWindow })
        story.pass(.seconds(10))
        #expect(story.total == 0)
    }

    @Test("while the queue cannot be read nothing is scaled in; when it is back the pool ends as usual")
    func missingData() {
        var story = Story()
        story.pass(.seconds(3), jobs: 500)
        let workers = story.total
        #expect(workers > 1)
        story.isQueueSilent = true
        story.pass(.seconds(120))
        #expect(story.total == workers)
        #expect(story.decisions.suffix(400).allSatisfy { $0.drains == 0 })
        #expect(story.last.guards.contains { $0.kind == .missingData })
        story.isQueueSilent = false
        story.pass(.seconds(5))
        #expect(story.total == workers, "the quiet counts from the first fresh data")
        story.pass(.seconds(10))
        #expect(story.total == 0)
    }

    @Test("failed starts back off exponentially and try few workers; after a success all that are wanted start")
    func startFailures() {
        var story = Story()
        story.startsFail = true
        story.pass(.seconds(30), jobs: 5_000)
        // 10 at first, then 1, 2, 3 and 4, each 1, 2, 4, 8 s after the last failure.
        #expect(story.startsFailed == 20)
        #expect(story.last.guards.contains { $0.kind == .startBackOff })
        story.startsFail = false
        story.pass(.seconds(10))
        #expect(story.ready == 10)
    }

    @Test("the minimum is there from the first decision and stays")
    func minimum() {
        var story = Story(minimum: 2)
        story.pass(.milliseconds(250))
        #expect(story.last.starts == 2)
        story.pass(.seconds(100))
        #expect(story.ready == 2)
    }
}
