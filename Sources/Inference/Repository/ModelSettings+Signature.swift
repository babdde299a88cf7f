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
}
