// Every metric of Spate: its name, its labels and who counts it. Labels take few values: models and pools come from the
// settings, everything else from an enumeration. Queue wait, batch wait, compute and end to end are separate series,
// so that a slow answer can be blamed on the right part.

/// What a gateway counts.
package struct GatewaySeries: Sendable {
    private let requestsFamily: MetricFamily<Counter>
    private let durationFamily: MetricFamily<Histogram>
    private let jobDurationFamily: MetricFamily<Histogram>
    private let outcomesFamily: MetricFamily<Counter>
    private let inFlightFamily: MetricFamily<Gauge>
    private let refusedFamily: MetricFamily<Counter>
    private let requestBytesFamily: MetricFamily<Histogram>
    private let replyBytesFamily: MetricFamily<Histogram>

    package init(in registry: MetricsRegistry) {
        requestsFamily = registry.counter(
            MetricDefinition(
                "spate_gateway_requests_total", "Requests answered, by protocol, model and status.",
                labels: ["protocol", "model", "status"]))
        durationFamily = registry.histogram(
            MetricDefinition(
                "spate_gateway_request_duration_seconds", "Time from a request's first byte to its answer's last.",
                labels: ["protocol", "model"]), .waits)
        jobDurationFamily = registry.histogram(
            MetricDefinition(
                "spate_gateway_job_duration_seconds", "End to end: time from submit to settled, asynchronous jobs too.",
                labels: ["model"]), .waits)
        outcomesFamily = registry.counter(
            MetricDefinition(
                "spate_gateway_outcomes_total",
                "Jobs that this gateway accepted, by how they ended: finished, failed, expired, cancelled.",
                labels: ["model", "ending"]))
        inFlightFamily = registry.gauge(
            MetricDefinition(
                "spate_gateway_requests_in_flight", "Requests that wait for their answer now.", labels: ["protocol"]))
        refusedFamily = registry.counter(
            MetricDefinition(
                "spate_gateway_refused_total", "Requests refused before they became jobs, by reason.",
                labels: ["reason"]))
        requestBytesFamily = registry.histogram(
            MetricDefinition(
                "spate_gateway_request_body_bytes", "Size of request bodies after decompression.",
                labels: ["protocol"]), .bytes)
        replyBytesFamily = registry.histogram(
            MetricDefinition("spate_gateway_reply_body_bytes", "Size of reply bodies.", labels: ["protocol"]), .bytes)
    }

    /// `model` is a served model or `unknown`, never a name that a caller made up.
    package func requests(protocol name: String, model: String, status: Int) -> Counter {
        requestsFamily[name, model, String(status)]
    }

    package func requestDuration(protocol name: String, model: String) -> Histogram { durationFamily[name, model] }
    package func jobDuration(model: String) -> Histogram { jobDurationFamily[model] }
    package func outcomes(model: String, ending: String) -> Counter { outcomesFamily[model, ending] }
    package func requestsInFlight(protocol name: String) -> Gauge { inFlightFamily[name] }
    package func refused(reason: String) -> Counter { refusedFamily[reason] }
    package func requestBody(protocol name: String) -> Histogram { requestBytesFamily[name] }
    package func replyBody(protocol name: String) -> Histogram { replyBytesFamily[name] }
}

/// The queue as an observer sees it.
package struct QueueSeries: Sendable {
    private let jobs: MetricFamily<Gauge>
    private let oldest: MetricFamily<Gauge>
    private let unavailable: MetricFamily<Gauge>

    package init(in registry: MetricsRegistry) {
        unavailable = registry.gauge(
            MetricDefinition(
                "spate_model_unavailable", "1 while no pool of a model can serve it, so that its requests are refused.",
                labels: ["model", "version"]))
        oldest = registry.gauge(
            MetricDefinition(
                "spate_queue_oldest_job_seconds",
                "Age of a model's oldest waiting job in whole seconds; 0 where none waits.",
                labels: ["model", "version"]))
        jobs = registry.gauge(
            MetricDefinition(
                "spate_queue_jobs",
                "Jobs in a model's queue by state: waiting, in_flight, due (retries with back-off).",
                labels: ["model", "version", "state"]))
    }

    /// - Parameter oldest: how long the oldest waiting job has waited.
    package func set(model: String, version: String, waiting: Int, inFlight: Int, due: Int, oldest age: Duration) {
        oldest[model, version].set(Int(age.components.seconds))
        jobs[model, version, "waiting"].set(waiting)
        jobs[model, version, "in_flight"].set(inFlight)
        jobs[model, version, "due"].set(due)
    }

    package func set(model: String, version: String, isUnavailable: Bool) {
        unavailable[model, version].set(isUnavailable ? 1 : 0)
    }

    package func keep(models: Set<String>) {
        unavailable.keep("model", in: models)
        jobs.keep("model", in: models)
        oldest.keep("model", in: models)
    }
}

/// The workers of every pool as Redis knows them: what a gateway can tell, also where the scaler is another process.
package struct FleetSeries: Sendable {
    private let workers: MetricFamily<Gauge>

    package init(in registry: MetricsRegistry) {
        workers = registry.gauge(
            MetricDefinition(
                "spate_workers", "Workers with a lease, by pool and state: starting, ready, draining.",
                labels: ["pool", "state"]))
    }

    package func set(pool: String, starting: Int, ready: Int, draining: Int) {
        workers[pool, "starting"].set(starting)
        workers[pool, "ready"].set(ready)
        workers[pool, "draining"].set(draining)
    }
}

/// What a worker counts.
package struct WorkerSeries: Sendable {
    private let batchesFamily: MetricFamily<Counter>
    private let rowsFamily: MetricFamily<Counter>
    private let jobsFamily: MetricFamily<Counter>
    private let batchRowsFamily: MetricFamily<Histogram>
    private let queueWaitFamily: MetricFamily<Histogram>
    private let batchWaitFamily: MetricFamily<Histogram>
    private let computeFamily: MetricFamily<Histogram>
    private let joiningStoppedFamily: MetricFamily<Counter>

    package init(in registry: MetricsRegistry) {
        batchesFamily = registry.counter(
            MetricDefinition(
                "spate_worker_batches_total", "Batches run, by the reason for which they were closed.",
                labels: ["model", "reason"]))
        rowsFamily = registry.counter(
            MetricDefinition("spate_worker_rows_total", "Rows run.", labels: ["model"]))
        jobsFamily = registry.counter(
            MetricDefinition(
                "spate_worker_jobs_total", "Jobs settled, by how they ended.", labels: ["model", "ending"]))
        batchRowsFamily = registry.histogram(
            MetricDefinition("spate_worker_batch_rows", "Rows in a batch.", labels: ["model"]), .rows)
        queueWaitFamily = registry.histogram(
            MetricDefinition(
                "spate_worker_queue_wait_seconds", "Time from submit until a worker took the job.", labels: ["model"]),
            .waits)
        batchWaitFamily = registry.histogram(
            MetricDefinition(
                "spate_worker_batch_wait_seconds", "Time from take until the job's batch started.", labels: ["model"]),
            .waits)
        computeFamily = registry.histogram(
            MetricDefinition("spate_worker_compute_seconds", "Time that a batch ran.", labels: ["model"]), .waits)
        joiningStoppedFamily = registry.counter(
            MetricDefinition(
                "spate_worker_joining_stopped_total",
                "Models whose requests a worker has stopped joining, since outputs had not the rows of the inputs.",
                labels: ["model"]))
    }

    package func batches(model: String, reason: String) -> Counter { batchesFamily[model, reason] }
    package func rows(model: String) -> Counter { rowsFamily[model] }
    package func jobs(model: String, ending: String) -> Counter { jobsFamily[model, ending] }
    package func batchRows(model: String) -> Histogram { batchRowsFamily[model] }
    package func queueWait(model: String) -> Histogram { queueWaitFamily[model] }
    package func batchWait(model: String) -> Histogram { batchWaitFamily[model] }
    package func compute(model: String) -> Histogram { computeFamily[model] }
    package func joiningStopped(model: String) -> Counter { joiningStoppedFamily[model] }
}

/// What the scaler counts.
package struct ScalerSeries: Sendable {
    private let workersFamily: MetricFamily<Gauge>
    private let wantedFamily: MetricFamily<Gauge>
    private let decisionsFamily: MetricFamily<Counter>
    private let startUpFamily: MetricFamily<Histogram>
    private let startsFamily: MetricFamily<Counter>
    private let startFailuresFamily: MetricFamily<Counter>
    private let reapedFamily: MetricFamily<Counter>

    package init(in registry: MetricsRegistry) {
        workersFamily = registry.gauge(
            MetricDefinition(
                "spate_scaler_workers", "Workers of a pool by state: starting, ready, draining.",
                labels: ["pool", "state"]))
        wantedFamily = registry.gauge(
            MetricDefinition(
                "spate_scaler_wanted_workers", "Workers that the last decision asked for.", labels: ["pool"]))
        decisionsFamily = registry.counter(
            MetricDefinition(
                "spate_scaler_decisions_total", "Decisions that changed the number of workers, by direction: out, in.",
                labels: ["pool", "direction"]))
        startUpFamily = registry.histogram(
            MetricDefinition(
                "spate_scaler_start_up_seconds", "Time from a worker's start until it was ready.", labels: ["pool"]),
            .startUps)
        startsFamily = registry.counter(
            MetricDefinition("spate_scaler_starts_total", "Workers started.", labels: ["pool"]))
        startFailuresFamily = registry.counter(
            MetricDefinition(
                "spate_scaler_start_failures_total", "Workers that ended before they were ready.", labels: ["pool"]))
        reapedFamily = registry.counter(
            MetricDefinition(
                "spate_scaler_reaped_jobs_total", "Jobs given back to the queue because their worker died.",
                labels: ["model"]))
    }

    package func set(pool: String, starting: Int, ready: Int, draining: Int) {
        workersFamily[pool, "starting"].set(starting)
        workersFamily[pool, "ready"].set(ready)
        workersFamily[pool, "draining"].set(draining)
    }

    package func wanted(pool: String) -> Gauge { wantedFamily[pool] }
    package func decisions(pool: String, direction: Direction) -> Counter { decisionsFamily[pool, direction.rawValue] }
    package func startUp(pool: String) -> Histogram { startUpFamily[pool] }
    package func starts(pool: String) -> Counter { startsFamily[pool] }
    package func startFailures(pool: String) -> Counter { startFailuresFamily[pool] }
    package func reapedJobs(model: String) -> Counter { reapedFamily[model] }

    package enum Direction: String, Sendable, CaseIterable { case out, `in` }
}
