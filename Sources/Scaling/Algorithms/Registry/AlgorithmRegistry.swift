/// The algorithms that can be named: one line each. Files, command lines, manuals and pages read it.
package struct AlgorithmRegistry: Sendable {
    package var algorithms: [any ScalingAlgorithm.Type]

    package init(_ algorithms: [any ScalingAlgorithm.Type]) { self.algorithms = algorithms }

    package static let builtIn = AlgorithmRegistry([
        HPA.self,
        KEDALag.self,
        KnativeKPA.self,
        RayServe.self,
        AWSBacklog.self,
        FixedCount.self,
        OraclePlan.self,
    ])

    /// All names, Spate's own first; for simulations those that only the simulator makes, too.
    package func names(includingMade: Bool = false) -> [String] {
        [Algorithm.spate.name] + algorithms.filter { includingMade || !$0.isMade }.map { $0.name }
    }

    /// The algorithm of that name with its own default parameters; `nil`: there is none.
    package func algorithm(named name: String) -> Algorithm? {
        if name == Algorithm.spate.name { return .spate }
        return algorithms.first { $0.name == name }.map { Algorithm($0.standard) }
    }
}
