package import Time

/// An algorithm that says of each pool by itself how many workers it wants: one file each, with its parameters, and one
/// line in `AlgorithmRegistry`.
///
/// What operators set, what cannot be started and the budget are not its business: they hold for all of them
/// (`decideByAlgorithm`).
package protocol ScalingAlgorithm: Parameterized, Equatable, Codable {
    /// What it remembers of a pool from one look to the next.
    associatedtype Memory: AlgorithmMemory

    /// As it is written, in kebab-case.
    static var name: String { get }
    /// One sentence: by what it goes.
    static var summary: String { get }
    /// Made by the simulator alone; no file and no list names it. Default false.
    static var isMade: Bool { get }

    /// What is wrong with parameters that are each within their range; `nil`: nothing. Default `nil`.
    var finding: ParameterFinding? { get }

    /// The count wanted of `pool` at `now`; called at every look of the scaler, which is oftener than its own.
    func wish(for pool: PoolLoad, at now: Timestamp, memory: inout Memory) -> PoolWish
}

/// What an algorithm remembers of a pool; empty at first.
package protocol AlgorithmMemory: Sendable, Equatable, Codable {
    init()
}

/// For algorithms that remember nothing.
package struct NoMemory: AlgorithmMemory {
    package init() {}
}

/// Parameters that do not go together.
package struct ParameterFinding: Sendable, Equatable {
    package var parameter: String
    /// Reads on from the parameter's name.
    package var message: String

    package init(_ parameter: String, _ message: String) {
        self.parameter = parameter
        self.message = message
    }
}

extension ScalingAlgorithm {
    package static var isMade: Bool { false }
    package var finding: ParameterFinding? { nil }
}

/// What an algorithm wants of one pool.
package struct PoolWish: Sendable, Equatable {
    package var count: Int
    /// Before rounding; `nil` between its own looks, when it has nothing to say.
    package var exact: Double?
    package var guards: [Guard]

    package init(count: Int, exact: Double? = nil, guards: [Guard] = []) {
        self.count = count
        self.exact = exact
        self.guards = guards
    }
}
