import Tensors

/// The runs of a proof and the time that they may take.
extension RowProof {
    /// The outputs of `rows` run together, by row.
    mutating func split(_ rows: [[Tensor]]) throws(Stop) -> [[Tensor]] {
        let outputs: [Tensor]
        do throws(InferenceError) {
            outputs = try run(rows)
        } catch {
            if error.code == .modelUnavailable { throw .unavailable(error) }
            throw .unproven(
                "\(rows.count) made-up rows cannot be run together, though one can (\(error.message))")
        }
        return try parts(outputs, rows: rows.count)
    }

    /// `nil` where the model does not run on them.
    mutating func answer(_ rows: [[Tensor]]) throws(Stop) -> [Tensor]? {
        do throws(InferenceError) {
            return try run(rows)
        } catch {
            if error.code == .modelUnavailable { throw .unavailable(error) }
            return nil
        }
    }

    mutating func run(_ rows: [[Tensor]]) throws(InferenceError) -> [Tensor] {
        let inputs: [Tensor]
        do throws(TensorError) {
            inputs = try TensorBatch.join(rows)
        } catch {
            throw InferenceError(.invalidInput, error.description)
        }
        let begin = now()
        let outputs = try instance.run(inputs, rows: rows.count, requestedOutputs: [])
        rowCost = (now() - begin) / rows.count
        return outputs
    }

    func parts(_ outputs: [Tensor], rows: Int) throws(Stop) -> [[Tensor]] {
        do throws(TensorError) {
            try TensorBatch.checkRows(of: outputs, are: rows)
            return rows == 1 ? [outputs] : try TensorBatch.split(outputs, rows: Array(repeating: 1, count: rows))
        } catch {
            throw .unproven("\(error)")
        }
    }

    func same(
        _ alone: [Tensor], _ beside: [Tensor], _ strictness: RowComparison.Strictness
    ) throws(Stop) {
        for (one, other) in zip(alone, beside) {
            if let difference = RowComparison.difference(one, other, strictness) { throw .unproven(difference) }
        }
    }

    // MARK: Time

    func isCheap(rows: Int) -> Bool {
        now() - started + rowCost * rows < bounds.further
    }

    func needTime(rows: Int) throws(Stop) {
        guard now() - started + rowCost * rows < bounds.needed else { throw .unproven(tooLong) }
    }

    var tooLong: String {
        "it would take longer than \(bounds.needed) to prove that rows are independent"
    }
}
