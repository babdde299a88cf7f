import ScalerCore
import Foundation
import Jobs
import Logging
import Observability
import Scaling
import Settings
import Time

extension ScalerService {
    /// Counts what came and what it took. What the ledger does not take now, it gets with the next look.
    func count(_ snapshots: [QueueName: QueueSnapshot], at now: Timestamp) async {
        guard let store else { return }
        let prices = Dictionary(
            configuration.pools.map { ($0.name, $0.pricePerHour) }, uniquingKeysWith: { first, _ in first })
        let arrivals = arrivalCounter.note(snapshots, at: now)
        let usage = usageMeter.note(fleet, prices: prices, at: now)
        if let arrivals { await add(arrivals, to: store, at: now) }
        if let usage { await add(usage, to: store, at: now) }
    }

    /// Before the end: what is not counted yet.
    func finishCounting() async {
        // Away: nothing could be added, and whoever waits for the end would wait for that.
        guard let store, leads, sight.readableSince != nil else { return }
        let now = time.now()
        if let arrivals = arrivalCounter.finish() { await add(arrivals, to: store, at: now) }
        await add(usageMeter.take(), to: store, at: now)
    }

    private func add(_ batch: ArrivalCounter.Batch, to store: any OperatorStore, at now: Timestamp) async {
        do {
            try await store.add(batch.arrivals, at: batch.time)
        } catch {
            arrivalCounter.putBack(batch, at: now)
            logger.debug("Arrivals were not counted", metadata: [LogKeys.reason: "\(error)"])
        }
    }

    private func add(_ usage: [UsageKey: Int64], to store: any OperatorStore, at now: Timestamp) async {
        do {
            try await store.add(usage, at: now)
        } catch {
            usageMeter.putBack(usage)
            logger.debug("The workers' time was not counted", metadata: [LogKeys.reason: "\(error)"])
        }
    }

    // MARK: Decisions

    /// What a dry run decides is said in its log; where another scaler leads the record is that one's.
    func writeUnlessLed(
        _ records: [DecisionRecord], observation: Observation, policy: Policy, state: PolicyState
    ) async {
        guard !records.isEmpty else { return }
        for record in records {
            logger.notice(
                "Dry run, not done: \(record.wanted) workers wanted",
                metadata: [LogKeys.pool: "\(record.pool)", LogKeys.reason: "\(record.reason)"])
        }
        if await !isLed() { await write(records, observation: observation, policy: policy, state: state) }
    }

    /// Whether another scaler leads; when that cannot be read, one does.
    func isLed() async -> Bool {
        guard let store else { return false }
        do {
            return try await store.isLed()
        } catch {
            logger.debug("Who leads was not read", metadata: [LogKeys.reason: "\(error)"])
            return true
        }
    }

    /// A record that Redis does not take stays in memory; the outage itself is logged by `observe`.
    func write(_ records: [DecisionRecord], observation: Observation, policy: Policy, state: PolicyState) async {
        guard !records.isEmpty else { return }
        for record in records {
            logger.debug("Decided", metadata: [LogKeys.pool: "\(record.pool)", LogKeys.reason: "\(record.reason)"])
        }
        do {
            guard let store else {
                for record in records { try await observer.record(decision: record.json) }
                return
            }
            let hash = try await kept(policy, in: store)
            try await store.append(
                RecordedLook(
                    time: observation.time, policy: hash, observation: RecordedJSON.text(observation),
                    state: RecordedJSON.text(state), decisions: records.map(\.json)))
        } catch {
            keptPolicy = nil
            logger.debug("A decision was not recorded", metadata: [LogKeys.reason: "\(error)"])
        }
    }

    /// The hash of the policy; it is written when it differs from the last one.
    private func kept(_ policy: Policy, in store: any OperatorStore) async throws(QueueError) -> String {
        if let keptPolicy, keptPolicy.policy == policy { return keptPolicy.hash }
        let hash = try await store.keep(policy: RecordedJSON.text(policy))
        keptPolicy = (policy, hash)
        return hash
    }
}

/// JSON as recordings hold it: keys in order, numbers to the last bit.
package enum RecordedJSON {
    package static func text(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        // Values of plain numbers and texts always have a form.
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
    }

    /// `nil` for what another version wrote and this one cannot read.
    package static func value<Value: Decodable>(_ type: Value.Type, from text: String) -> Value? {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return try? decoder.decode(type, from: Data(text.utf8))
    }
}
