import Batching
import Jobs
import Tensors
package import Time

/// Batches that start, and what comes back of them.
extension ModelLedger {
    mutating func start(
        _ batch: Batch<Int, RowShapes>, now: Timestamp, steady: Timestamp
    ) -> (instance: Int, work: BatchWork) {
        guard let instance = runs.begin(batch.entries.map(\.id), expected: batch.expected, steady: steady) else {
            preconditionFailure("batch \(batch.number) was formed while no instance is idle")
        }
        let parts = batch.entries.compactMap { entry -> BatchWork.Part? in
            guard let job = held[entry.id] else { return nil }
            held[entry.id]?.runningRows += entry.range.count
            if job.started == nil { held[entry.id]?.started = now }
            return BatchWork.Part(
                ticket: entry.id, job: job.admitted.job.id, inputs: job.admitted.inputs, range: entry.range,
                itemRows: entry.itemRows,
                requestedOutputs: job.admitted.job.job.requestedOutputs)
        }
        let work = BatchWork(
            number: batch.number, shapes: batch.group, parts: parts, rows: batch.rows, counting: counting)
        return (instance, work)
    }

    package mutating func completed(
        _ result: BatchResult, on instance: Int, now: Timestamp, steady: Timestamp
    ) -> Actions {
        runs.end(on: instance)
        isHeldUp = false
        batches += 1
        busy += result.occupied
        var actions = Actions()
        if let refutation = result.refutation { stopJoining(refutation, into: &actions, now: now, steady: steady) }
        for part in result.parts {
            if let tenant = held[part.ticket]?.admitted.job.job.tenant {
                let share = Double(part.range.count) / Double(max(result.work.rows, 1))
                tenants.add(tenant, rows: part.range.count, busy: result.occupied * share)
            }
            take(in: part, of: result.work, into: &actions, now: now, steady: steady)
        }
        let decision =
            result.isWhole
            ? assembler.finished(
                result.work.shapes, rows: result.work.rows, took: result.occupied, now: now)
            : assembler.instanceBecameFree(now: now)
        actions.add(self.actions(for: decision, now: now, steady: steady))
        return actions
    }

    private mutating func take(
        in part: BatchResult.Part, of work: BatchWork, into actions: inout Actions, now: Timestamp, steady: Timestamp
    ) {
        // Moved out while it changes, so that the array of parts is not copied.
        guard var job = held.removeValue(forKey: part.ticket) else { return }
        job.runningRows -= part.range.count
        job.doneRows += part.range.count
        job.compute += part.compute
        job.batchRows = max(job.batchRows, part.batchRows)
        rows += part.range.count
        job.mustRepeat = job.mustRepeat || isRefuted(work)
        switch part.outputs {
        case .success(let outputs): job.parts.append((part.range, outputs))
        // Whether it fails whole, too, is seen then.
        case .failure where job.mustRepeat: break
        case .failure(let failure):
            job.failure = job.failure ?? failure
            // The rest of a large request is worth nothing once a part has failed.
            if job.doneRows + job.runningRows < job.admitted.rows, assembler.remove(part.ticket) != .notWaiting {
                job.ending = .failed(failure)
            }
        }
        held[part.ticket] = job
        if job.isComplete, let disagreement = RowParts.disagreement(job.parts) {
            stopJoining(disagreement, into: &actions, now: now, steady: steady)
        }
        settle(part.ticket, into: &actions, now: now, steady: steady)
    }

    /// Releases a job whose rows are all back, or lets it run again.
    private mutating func settle(_ ticket: Int, into actions: inout Actions, now: Timestamp, steady: Timestamp) {
        guard let job = held[ticket], job.runningRows == 0 else { return }
        if let ending = job.ending {
            end(ticket, ending, into: &actions)
        } else if job.mustRepeat {
            runWhole([ticket], into: &actions, now: now, steady: steady)
        } else if job.doneRows == job.admitted.rows {
            end(ticket, job.failure.map { .failed($0) } ?? .finished, into: &actions)
        }
    }
}
