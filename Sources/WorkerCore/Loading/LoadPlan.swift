package import Jobs
package import Time

/// How a starting worker goes about its models, from what was noted by the workers before it. A value.
///
/// | what is known of a model | how it is loaded |
/// |---|---|
/// | nothing, or it failed with an error | beside the others |
/// | a worker died while it was loaded, maybe by another's fault or by an operator's hand | first, alone, before any job is taken |
/// | two died, one of them while nothing else was under way | not at all, until its files change or somebody asks |
package struct LoadPlan: Sendable, Equatable {
    /// Deaths before a model is left out; at least one of them while it was loaded alone.
    package static let tolerated = 2
    /// How long a model is left out after the last worker that left it out was there.
    package static let leftOutFor = Duration.seconds(600)

    /// Models to load first, one by one.
    package var suspects: [QueueName] = []
    package var leftOut: [QueueName: ServingFault] = [:]

    package init(
        of models: [(queue: QueueName, stamp: String)], pool: String, faults: ServingFaults, at now: Timestamp
    ) {
        for (queue, stamp) in models {
            let name = queue.description
            guard let fault = faults.all.first(where: { $0.pool == pool && $0.queue == name && $0.kind == .deaths }),
                fault.stamp == stamp
            else { continue }
            if now < fault.until { leftOut[queue] = fault } else { suspects.append(queue) }
        }
    }

    /// What is to be noted of a load that its worker did not survive.
    package static func fault(of lost: LostLoad, at now: Timestamp) -> ServingFault {
        let isProven = lost.deaths >= tolerated && lost.deathsAlone > 0
        let workers = lost.deaths == 1 ? "a worker" : "\(lost.deaths) workers"
        return ServingFault(
            .deaths, pool: lost.load.pool, queue: lost.load.queue,
            reason:
                "\(workers) died while loading or warming it, the last was \(lost.load.worker); it is left out until its files change or `spate reload` asks for it",
            since: now, until: isProven ? now + leftOutFor : now, failures: lost.deaths, stamp: lost.load.stamp,
            worker: lost.load.worker)
    }
}
