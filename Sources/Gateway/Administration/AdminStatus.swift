package import Jobs
package import Settings
package import Time

/// What `GET /admin/status` says: the whole cluster at one moment, as far as Redis knows it.
package struct AdminStatus: Sendable, Codable, Equatable {
    package struct Queue: Sendable, Codable, Equatable {
        package var waiting: Int
        package var in_flight: Int
        package var due: Int
        package var submitted: Int
        /// How long the oldest waiting job has waited.
        package var oldest_waiting_ms: Int64?
    }

    package struct Pool: Sendable, Codable, Equatable {
        package var device: String
        package var starting = 0
        package var ready = 0
        package var draining = 0
        package var minimum: Int
        package var maximum: Int
        package var price_per_hour: Double
    }

    package struct Worker: Sendable, Codable, Equatable {
        package var id: String
        package var pool: String
        package var state: String
        package var held: Int
        package var settled: Int
        package var memory_bytes: Int
        package var start_up_ms: Int64?
        package var age_seconds: Double
        package var models: [Model]
    }

    package struct Model: Sendable, Codable, Equatable {
        package var queue: String
        package var rows: Int
        package var batches: Int
        package var busy_seconds: Double
        package var fixed_cost_ms: Double?
        package var row_cost_ms: Double?
        /// loading, loaded or failed, and why.
        package var state: String?
        package var reason: String?
    }

    /// Why a pool cannot serve a model, or any.
    package struct Fault: Sendable, Codable, Equatable {
        package var pool: String
        package var queue: String?
        package var reason: String
        package var since_ms: Int64
        package var retry_ms: Int64?
    }

    package var time_ms: Int64
    package var queues: [String: Queue]
    package var pools: [String: Pool]
    package var workers: [Worker]
    /// What cannot be served now.
    package var faults: [Fault]?
    /// The newest decisions, each as the scaler recorded it.
    package var decisions: [JSONText]
}

extension AdminStatus {
    /// Reads everything in a few round trips.
    package static func read(
        queues names: [QueueName], pools: [PoolSettings], observer: any QueueObserver,
        faults: ServingFaults = ServingFaults(), now: Timestamp, decisions count: Int
    ) async throws(QueueError) -> AdminStatus {
        let snapshots = try await observer.snapshot(of: names)
        let reports = try await observer.workers()
        let decisions = try await observer.decisions(newest: count)
        var byPool = Dictionary(
            pools.map { pool in
                (
                    pool.name,
                    Pool(
                        device: pool.device.rawValue, minimum: pool.minimumWorkers, maximum: pool.maximumWorkers,
                        price_per_hour: pool.pricePerHour)
                )
            }, uniquingKeysWith: { first, _ in first })
        for report in reports {
            switch report.state {
            case .starting: byPool[report.pool]?.starting += 1
            case .ready: byPool[report.pool]?.ready += 1
            case .draining: byPool[report.pool]?.draining += 1
            }
        }
        return AdminStatus(
            time_ms: now.milliseconds,
            queues: Dictionary(
                snapshots.map { name, snapshot in
                    (
                        name.description,
                        Queue(
                            waiting: snapshot.depth.waiting, in_flight: snapshot.depth.inFlight,
                            due: snapshot.depth.due, submitted: snapshot.submitted,
                            oldest_waiting_ms: snapshot.oldestWaiting.map { max(0, now.milliseconds - $0.milliseconds) }
                        )
                    )
                }, uniquingKeysWith: { first, _ in first }),
            pools: byPool,
            workers: reports.map { Worker($0, now: now) }.sorted { $0.id < $1.id },
            faults: faults.current(at: now).map { fault in
                Fault(
                    pool: fault.pool, queue: fault.queue, reason: fault.reason, since_ms: fault.since.milliseconds,
                    retry_ms: fault.kind == .load ? fault.until.milliseconds : nil)
            }, decisions: decisions.map(JSONText.init))
    }
}

extension AdminStatus.Worker {
    init(_ report: WorkerReport, now: Timestamp) {
        self.init(
            id: report.id, pool: report.pool, state: report.state.rawValue, held: report.held,
            settled: report.settled, memory_bytes: report.memory,
            start_up_ms: report.startUp.map(\.wholeMilliseconds), age_seconds: (now - report.started).seconds,
            models: report.models.map { model in
                AdminStatus.Model(
                    queue: model.queue, rows: model.rows, batches: model.batches, busy_seconds: model.busy.seconds,
                    fixed_cost_ms: model.fixedCost.map { $0 * 1_000 },
                    row_cost_ms: model.costPerRow.map { $0 * 1_000 }, state: model.condition.rawValue,
                    reason: model.reason)
            })
    }
}
