package import Time

/// The queue as the scaler sees it.
package protocol QueueObserver: Sendable {
    /// The depth of each queue and the number of jobs ever submitted to it, in one round trip.
    func snapshot(of queues: [QueueName]) async throws(QueueError) -> [QueueName: QueueSnapshot]

    /// The reports of every worker whose lease holds.
    func workers() async throws(QueueError) -> [WorkerReport]

    /// Requeues everything in the hands of a worker that is known to be dead, at once, and removes it.
    /// Safe to call twice. `queues` must be all that it may hold jobs of: what was on trial in one is the reason why
    /// nothing counts in the others (see `Blame`).
    func reap(_ worker: String, from queues: [QueueName], ran: LastRuns) async throws(QueueError) -> Reaped

    /// Reaps every worker whose lease ran out, makes due jobs takable, and ends those beyond their deadlines that wait. Called
    /// about once a second.
    func reapExpired(from queues: [QueueName]) async throws(QueueError) -> [String]

    /// Calls `wake` as soon as a job is submitted to one of the queues after a pause (at most every 50 ms
    /// per queue), until the calling task is cancelled.
    func watchSubmissions(_ wake: @escaping @Sendable (QueueName) -> Void) async

    /// Appends a decision, as JSON, to the capped decision log.
    func record(decision json: String) async throws(QueueError)

    /// The newest decisions, newest first.
    func decisions(newest count: Int) async throws(QueueError) -> [String]
}

extension QueueObserver {
    /// The same where nothing is known of what the worker ran. - Returns: the number of jobs that went back.
    package func reap(_ worker: String, from queues: [QueueName]) async throws(QueueError) -> Int {
        try await reap(worker, from: queues, ran: .unknown).count
    }
}

package struct QueueSnapshot: Sendable, Equatable {
    package var depth: QueueDepth
    /// Jobs ever submitted to the queue; differences over time give the arrival rate.
    package var submitted: Int
    /// When the oldest waiting job was submitted.
    package var oldestWaiting: Timestamp?
    /// The waiting jobs by priority class, those without any left out; empty where they were not counted apart.
    package var classes: [ClassDepth]

    package init(
        depth: QueueDepth, submitted: Int, oldestWaiting: Timestamp?, classes: [ClassDepth] = []
    ) {
        self.depth = depth
        self.submitted = submitted
        self.oldestWaiting = oldestWaiting
        self.classes = classes
    }
}

/// The waiting jobs of one priority class.
package struct ClassDepth: Sendable, Equatable {
    package var priority: PriorityClass
    package var waiting: Int
    /// When the oldest of them that nobody ever took was submitted.
    package var oldestWaiting: Timestamp?

    package init(priority: PriorityClass, waiting: Int, oldestWaiting: Timestamp? = nil) {
        self.priority = priority
        self.waiting = waiting
        self.oldestWaiting = oldestWaiting
    }
}
