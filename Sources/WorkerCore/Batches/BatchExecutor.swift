import Batching
package import Tensors
package import Time

/// Runs a batch by one instance: joins the rows, runs, splits the outputs; after a failure halves the batch until the bad
/// requests stand alone.
///
/// Not `Sendable`: what it runs belongs to one thread.
package struct BatchExecutor {
    /// Runs so many rows: inputs in the order of the signature, the names of the outputs that are asked for (none: all).
    package typealias Run = (_ inputs: [Tensor], _ rows: Int, _ outputs: [String]) throws(BatchResult.Failure) ->
        [Tensor]

    private let now: () -> Timestamp
    private let run: Run

    /// - Parameter now: monotonic.
    package init(now: @escaping () -> Timestamp, run: @escaping Run) {
        self.now = now
        self.run = run
    }

    /// - Parameter onRerun: called before each run after the first, so that a watchdog counts anew.
    package func execute(_ work: BatchWork, onRerun: () -> Void) -> BatchResult {
        let started = now()
        var results: [BatchResult.Part] = []
        results.reserveCapacity(work.parts.count)
        var refutation: String?
        let failure = attempt(work, into: &results, &refutation)
        if let failure {
            if failure.fault == .rows {
                // No smaller part of it would have the right rows but by chance.
                refutation = failure.message
                results += work.parts.map { failed($0, failure) }
            } else {
                bisect(work, first: failure, into: &results, &refutation, onRerun: onRerun)
            }
        }
        return BatchResult(
            work: work, parts: results, occupied: max(.zero, now() - started), isWhole: failure == nil,
            refutation: refutation)
    }

    /// Runs the parts of `work` together. On success appends their results; on failure appends nothing.
    private func attempt(
        _ work: BatchWork, into results: inout [BatchResult.Part], _ refutation: inout String?
    ) -> BatchResult.Failure? {
        let parts = work.parts
        do throws(BatchResult.Failure) {
            let rows = parts.map(\.range.count)
            let total = rows.reduce(0, +)
            let inputs = try joinedInputs(of: parts)
            let wanted = Self.commonOutputs(of: parts)
            let began = now()
            let outputs = try run(inputs, total, wanted)
            let compute = max(.zero, now() - began)
            for (part, outputs) in zip(parts, try split(outputs, of: work, rows: rows, &refutation)) {
                results.append(
                    BatchResult.Part(
                        ticket: part.ticket, range: part.range,
                        outputs: Self.selected(part.requestedOutputs, from: outputs), batchRows: total,
                        compute: compute))
            }
            return nil
        } catch {
            return error
        }
    }

    private func bisect(
        _ work: BatchWork, first: BatchResult.Failure, into results: inout [BatchResult.Part],
        _ refutation: inout String?, onRerun: () -> Void
    ) {
        let patience = Bisection<BatchWork.Part>.patience
        var bisection = Bisection(failed: work.parts)
        var latest = first
        while true {
            switch bisection.next() {
            case .run(let part):
                onRerun()
                var half = work
                half.parts = part
                if let failure = attempt(half, into: &results, &refutation) {
                    latest = failure
                    if failure.fault == .rows { refutation = failure.message }
                    bisection.failed()
                } else {
                    bisection.succeeded()
                }
            case .blame(let part): results.append(failed(part, latest))
            case .giveUp(let rest):
                // Not run alone: whatever the last error was, it says nothing of these, so they may be tried again.
                // Nor is it told to their callers: it may name what another one has sent.
                let failure = BatchResult.Failure(
                    fault: .backend,
                    message:
                        "the model failed \(patience) requests of the batch in a row, each run alone; this one was not run"
                )
                results += rest.map { self.failed($0, failure) }
            case .done: return
            }
        }
    }

    private func failed(_ part: BatchWork.Part, _ failure: BatchResult.Failure) -> BatchResult.Part {
        BatchResult.Part(
            ticket: part.ticket, range: part.range, outputs: .failure(failure), batchRows: part.range.count,
            compute: .zero)
    }

    private func joinedInputs(of parts: [BatchWork.Part]) throws(BatchResult.Failure) -> [Tensor] {
        do throws(TensorError) {
            var inputs: [[Tensor]] = []
            inputs.reserveCapacity(parts.count)
            for part in parts {
                if part.range.count == part.itemRows {
                    inputs.append(part.inputs)
                } else {
                    var sliced: [Tensor] = []
                    for tensor in part.inputs { sliced.append(try tensor.slice(rows: part.range)) }
                    inputs.append(sliced)
                }
            }
            return try TensorBatch.join(inputs)
        } catch {
            throw BatchResult.Failure(fault: .input, message: error.description)
        }
    }

    /// Holds the outputs to the rows of the inputs, wherever these are counted. Those of one request in one piece are its
    /// own all the same.
    private func split(
        _ outputs: [Tensor], of work: BatchWork, rows: [Int], _ refutation: inout String?
    ) throws(BatchResult.Failure) -> [[Tensor]] {
        switch work.counting {
        case .whole: return [outputs]
        case .counted: break
        }
        do throws(TensorError) {
            return try TensorBatch.split(outputs, rows: rows)
        } catch {
            guard work.isOneRequest else { throw BatchResult.Failure(fault: .rows, message: error.description) }
            refutation = error.description
            return [outputs]
        }
    }

    /// The outputs that all parts ask for, or all (empty) when they differ.
    private static func commonOutputs(of parts: [BatchWork.Part]) -> [String] {
        guard let first = parts.first?.requestedOutputs else { return [] }
        return parts.allSatisfy { $0.requestedOutputs == first } ? first : []
    }

    /// The requested outputs in the order of the request.
    private static func selected(
        _ names: [String], from outputs: [Tensor]
    ) -> Result<[Tensor], BatchResult.Failure> {
        if names.isEmpty || names == outputs.map(\.name) { return .success(outputs) }
        var selected: [Tensor] = []
        for name in names {
            guard let output = outputs.first(where: { $0.name == name }) else {
                return .failure(.init(fault: .backend, message: "the model gave no output '\(name)'"))
            }
            selected.append(output)
        }
        return .success(selected)
    }
}
