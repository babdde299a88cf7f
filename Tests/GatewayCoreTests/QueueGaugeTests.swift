import GatewayCore
import Jobs
import Testing

@Suite struct QueueGaugeTests {
    @Test("never holds less than what this gateway submitted and has not seen settled")
    func countsOwnJobs() {
        var gauge = QueueGauge()
        for depth in 1...3 {
            gauge.submitStarted()
            gauge.submitEnded(.normal, depth: depth)
        }
        gauge.submitStarted()
        #expect(gauge.estimate == 4, "one is on its way")
        gauge.submitEnded(.normal, depth: nil)
        #expect(gauge.estimate == 3, "it failed")
        gauge.settled(.normal)
        #expect(gauge.estimate == 2)
    }

    @Test("what others put into a lane, or took out of it, shows in its depth at the next submit")
    func seesOthers() {
        var gauge = QueueGauge()
        gauge.submitStarted()
        gauge.submitEnded(.high, depth: 40)
        #expect(gauge.estimate == 40)
        gauge.submitStarted()
        gauge.submitEnded(.high, depth: 11)
        #expect(gauge.estimate == 11)
        gauge.submitStarted()
        gauge.submitEnded(.low, depth: 5)
        #expect(gauge.estimate == 16, "lanes add up")
    }

    @Test("a full count replaces what was pieced together, and settled jobs never make it negative")
    func refreshes() {
        var gauge = QueueGauge()
        gauge.submitStarted()
        gauge.submitEnded(.normal, depth: 100)
        gauge.refresh(QueueDepth(waiting: 1, inFlight: 1, due: 1))
        #expect(gauge.estimate == 3)
        for _ in 0..<5 { gauge.settled(.normal) }
        #expect(gauge.estimate == 0)
    }
}

@Suite struct QueueRoomsTests {
    @Test("lets in as many as the limit allows, counted with those on their way, and asks for a fresh count then")
    func bounds() throws {
        let queue = try #require(QueueName(model: "m", version: "1"))
        var rooms = QueueRooms([queue])
        func enters() -> Bool { rooms.enter(queue, limit: 2) }
        #expect(enters())
        #expect(enters())
        #expect(!enters())
        rooms.ended(queue, .normal, depth: 1)
        rooms.ended(queue, .normal, depth: nil)
        #expect(enters())
        rooms.ended(queue, .normal, depth: 2)
        rooms.settled(try Samples.job())
        #expect(enters())
        rooms.refresh(queue, QueueDepth(waiting: 9, inFlight: 0, due: 0))
        #expect(!enters())
    }

    @Test("of a queue that nobody serves there is no room")
    func refusesOthers() throws {
        var rooms = QueueRooms([])
        let isLetIn = rooms.enter(try #require(QueueName(model: "m", version: "1")), limit: 9)
        #expect(!isLetIn)
    }

    @Test(
        "who is refused is told a tenth of the wait, from a second to a minute",
        arguments: [(nil, 2), (0, 1), (50, 5), (1_000_000, 60)] as [(Int?, Int)])
    func tellsRetryAfter(wait: Int?, seconds: Int) {
        #expect(QueueRooms.retryAfter(expectedWait: wait.map { .seconds($0) }) == .seconds(seconds))
    }
}

@Suite struct CallTermsTests {
    @Test("a caller waits for his time-out, or for a little longer than the deadline where that is sooner")
    func limits() {
        #expect(Samples.terms(.seconds(5)).limit == .seconds(5))
        #expect(!Samples.terms(.seconds(5)).endsAtDeadline)
        let early = Samples.terms(.seconds(5), deadline: .seconds(1))
        #expect(early.limit == .milliseconds(1_100))
        #expect(early.endsAtDeadline)
        #expect(!Samples.terms(.seconds(5), deadline: .seconds(5)).endsAtDeadline)
    }

    @Test("the outcome of an answered call is kept for a little longer than its wait, of a repeatable one as any other")
    func retains() {
        #expect(Samples.terms(.seconds(1)).retentionOfAnswered == .seconds(30))
        #expect(Samples.terms(.seconds(50)).retentionOfAnswered == .seconds(60))
        #expect(Samples.terms(.seconds(50), isRepeatable: true).retentionOfAnswered == .seconds(600))
    }
}
