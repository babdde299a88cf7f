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

    /// What is known of joining before the load.
    ///
    /// - Parameters:
    ///   - own: the model's own signature; the operator's declaration is put over it.
    ///   - rows: what the backend says of it.
    package func outlook(over own: ModelSignature, rows: RowKnowledge) throws(InferenceError) -> JoiningOutlook {
        let served = try signature(over: own)
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
