package import Settings
package import Tensors

extension ModelSettings {
    /// The signature that the model's file declares, or else the model's `own`. Gateway and worker ask here, so that they
    /// agree.
    /// - Throws: when the two contradict each other, with both shapes.
    package func signature(over own: ModelSignature) throws(InferenceError) -> ModelSignature {
        guard let signature else { return own }
        do throws(SignatureViolation) {
            return try signature.declared(over: own)
        } catch {
            throw InferenceError(.modelUnavailable, "the signature in the file of model '\(name)': \(error)")
        }
    }

    /// Holds what the model's file says for its first runs, under `warm_up` and `samples`, against its inputs.
    /// - Throws: `modelUnavailable` with what is wrong and what is allowed.
    private func checkExamples(for signature: ModelSignature) throws(InferenceError) {
        let names = signature.inputs.map(\.name)
        for (key, words) in [("warm_up", warmUp.keys.sorted()), ("samples", samples.keys.sorted())] {
            for word in words where !names.contains(word) {
                let hint = Suggestion.nearest(to: word, among: names).map { "; did you mean '\($0)'?" } ?? ""
                throw InferenceError(
                    .modelUnavailable,
                    "'\(key)' in the file of model '\(name)' names '\(word)', which is no input; it has: \(names.joined(separator: ", "))\(hint)"
                )
            }
        }
        for input in signature.inputs {
            guard let shape = warmUp[input.name] else { continue }
            // The first number stands for the rows where the model is joined, whatever it is.
            guard input.accepts(shape) else {
                throw InferenceError(
                    .modelUnavailable,
                    "'warm_up' in the file of model '\(name)': \(shape) for input '\(input.name)', which takes \(input.shape)"
                )
            }
        }
    }

    /// What is known of joining before the load.
    ///
    /// - Parameters:
    ///   - own: the model's own signature; the operator's declaration is put over it.
    ///   - rows: what the backend says of it.
    package func outlook(over own: ModelSignature, rows: RowKnowledge) throws(InferenceError) -> JoiningOutlook {
        let served = try signature(over: own)
        try checkExamples(for: served)
        let left = own.outputs.filter { port in !served.outputs.contains { $0.name == port.name } }
        let ports = (inputs: served.inputs, outputs: served.outputs + left)
        switch rows {
        case .unproven(let evidence):
            return JoiningOutlook(
                wish: batching.joining, inputs: ports.inputs, outputs: ports.outputs, operators: evidence.obstacle)
        case .byConstruction:
            guard batching.joining != .none else { return .settled(.none(.asked)) }
            let shapes = JoiningOutlook(wish: .rows, inputs: ports.inputs, outputs: ports.outputs)
            return shapes.joinsRows ? .settled(.rows(.construction)) : shapes
        }
    }
}
