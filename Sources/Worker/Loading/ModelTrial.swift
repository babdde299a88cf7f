import Clocks
import Inference
package import Settings
package import Tensors
package import Time

/// Loads and warms a model as a worker does, and lets it go: for `spate check --load`.
package enum ModelTrial {
    package struct Report: Sendable, Equatable {
        package var took: Duration
        /// What a batch of so many rows cost when the model was warm; empty for one that could not run on made-up inputs.
        package var costs: [(rows: Int, cost: Duration)]
        /// Whether requests share runs, and why.
        package var joining: Joining

        package static func == (lhs: Report, rhs: Report) -> Bool {
            lhs.took == rhs.took && lhs.joining == rhs.joining && lhs.costs.elementsEqual(rhs.costs) { $0 == $1 }
        }
    }

    /// - Throws: why a worker could not serve it.
    package static func load(
        _ settings: ModelSettings, with loader: @escaping ModelLoader,
        steady: any TimeSource = MonotonicTime(ContinuousClock())
    ) async throws -> Report {
        let start = steady.now()
        let model = try await LoadedModel.load(settings, with: loader)
        let took = steady.now() - start
        await model.unload()
        return Report(took: took, costs: model.costs.map { ($0.rows, $0.cost) }, joining: model.joining)
    }
}
