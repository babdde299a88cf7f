import Time

/// What an algorithm remembers, by pool.
struct AlgorithmState: Sendable, Equatable {
    struct Pool: Sendable, Equatable {
        var name: String
        var algorithm: String?
        /// Of the type that the algorithm has for it.
        fileprivate(set) var memory: (any AlgorithmMemory)?

        init(name: String) { self.name = name }

        static func == (one: Pool, two: Pool) -> Bool {
            func isEqual<Memory: AlgorithmMemory>(_ memory: Memory) -> Bool { two.memory as? Memory == memory }
            guard one.name == two.name, one.algorithm == two.algorithm else { return false }
            guard let memory = one.memory else { return two.memory == nil }
            return isEqual(memory)
        }

        /// What `algorithm` wants of the pool; what another one remembered is forgotten.
        mutating func wish<Other: ScalingAlgorithm>(of algorithm: Other, for load: PoolLoad, at now: Timestamp)
            -> PoolWish
        {
            var own = self.algorithm == Other.name ? memory as? Other.Memory ?? Other.Memory() : Other.Memory()
            // Held once, so that it changes in place.
            memory = nil
            let wish = algorithm.wish(for: load, at: now, memory: &own)
            self.algorithm = Other.name
            memory = own
            return wish
        }
    }

    var pools: [Pool] = []

    mutating func align(with policy: Policy) {
        if pools.elementsEqual(policy.pools, by: { $0.name == $1.name }) { return }
        let known = pools
        pools = policy.pools.map { pool in known.first { $0.name == pool.name } ?? Pool(name: pool.name) }
    }
}

extension AlgorithmState: Codable {}

/// `{"name": "cpu", "algorithm": "keda-lag", "memory": {…}}`; the memory of an algorithm that this version does not have
/// is forgotten.
extension AlgorithmState.Pool: Codable {
    private enum Key: String, CodingKey {
        case name
        case algorithm
        case memory
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(name: try container.decode(String.self, forKey: .name))
        func own<Other: ScalingAlgorithm>(_ type: Other.Type) throws -> any AlgorithmMemory {
            try container.decode(Other.Memory.self, forKey: .memory)
        }
        guard let name = try container.decodeIfPresent(String.self, forKey: .algorithm),
            let type = AlgorithmRegistry.builtIn.algorithms.first(where: { $0.name == name })
        else { return }
        algorithm = name
        memory = try own(type)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        guard let algorithm, let memory else { return }
        try container.encode(algorithm, forKey: .algorithm)
        try container.encode(memory, forKey: .memory)
    }
}
