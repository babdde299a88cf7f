extension AdminStatus {
    /// The state of the cluster as gauges, for scrapers: what no single process counts.
    var prometheusText: String {
        var text = ""
        func gauge(_ name: String, _ help: String, _ samples: [(labels: String, value: String)]) {
            guard !samples.isEmpty else { return }
            text += "# HELP \(name) \(help)\n# TYPE \(name) gauge\n"
            for sample in samples { text += "\(name){\(sample.labels)} \(sample.value)\n" }
        }
        let queues = self.queues.sorted { $0.key < $1.key }
        gauge(
            "spate_queue_jobs", "Jobs in the queue of a model version, by state.",
            queues.flatMap { name, queue in
                [("waiting", queue.waiting), ("in_flight", queue.in_flight), ("due", queue.due)].map { state, count in
                    ("queue=\"\(name)\",state=\"\(state)\"", String(count))
                }
            })
        let pools = self.pools.sorted { $0.key < $1.key }
        gauge(
            "spate_workers", "Workers of a pool, by state.",
            pools.flatMap { name, pool in
                [("starting", pool.starting), ("ready", pool.ready), ("draining", pool.draining)].map { state, count in
                    ("pool=\"\(name)\",state=\"\(state)\"", String(count))
                }
            })
        gauge(
            "spate_pool_maximum_workers", "Most workers that a pool may have.",
            pools.map { ("pool=\"\($0.key)\"", String($0.value.maximum)) })
        return text
    }
}
