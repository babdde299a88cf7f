/// Who says how many workers there should be.
///
/// `spate` is the default and the only one that knows deadlines, start-up times and costs. The others are known
/// autoscalers, as their sources and manuals say, with their own parameters: for people who know them, and to compare
/// with (`AlgorithmRegistry`).
package struct Algorithm: Sendable, Equatable {
    /// `nil`: Spate's own, whose parameters are those of the `Policy`.
    let other: (any ScalingAlgorithm)?

    private init() { other = nil }

    package init(_ algorithm: some ScalingAlgorithm) { other = algorithm }

    package static let spate = Algorithm()

    package var name: String { other.map { type(of: $0).name } ?? "spate" }

    /// Only the simulator makes such a one.
    package var isMade: Bool { other.map { type(of: $0).isMade } ?? false }

    /// The algorithm, where it is of that type.
    package func `as`<Other: ScalingAlgorithm>(_ type: Other.Type) -> Other? { other as? Other }

    package static func == (one: Algorithm, two: Algorithm) -> Bool {
        func isEqual<Other: ScalingAlgorithm>(_ other: Other) -> Bool { two.as(Other.self) == other }
        guard let other = one.other else { return two.other == nil }
        return isEqual(other)
    }

    /// Its own parameters; none for `spate`, whose are the policy's.
    package var declarations: [ParameterDeclaration] { other.map { type(of: $0).declarations } ?? [] }

    /// Its own parameters that have a value, as a cluster file has them.
    package var values: [(path: String, value: String)] {
        func values<Other: ScalingAlgorithm>(_ other: Other) -> [(path: String, value: String)] {
            Other.parameters.compactMap { parameter in
                parameter.value(other).map { (parameter.declaration(standard: other).path, "\($0)") }
            }
        }
        return other.map { values($0) } ?? []
    }

    /// What is wrong with its parameters together.
    package var finding: ParameterFinding? { other?.finding }

    /// Sets the parameter of that name to what `text` says.
    package mutating func set(_ name: String, to text: String) throws(ParameterError) {
        func changed<Other: ScalingAlgorithm>(_ other: Other) throws(ParameterError) -> Algorithm {
            var other = other
            guard let parameter = Other.parameters.first(where: { $0.name == name }) else {
                throw declarations.unknown(name, of: self.name)
            }
            try parameter.take(text, into: &other)
            return Algorithm(other)
        }
        guard let other else { throw declarations.unknown(name, of: self.name) }
        self = try changed(other)
    }
}

/// `{"name": "keda-lag", "parameters": {"lagCount": 5, …}}`; without parameters, the defaults.
extension Algorithm: Codable {
    private enum Key: String, CodingKey {
        case name
        case parameters
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let name = try container.decode(String.self, forKey: .name)
        guard let standard = AlgorithmRegistry.builtIn.algorithm(named: name) else {
            throw DecodingError.dataCorruptedError(
                forKey: .name, in: container, debugDescription: "there is no algorithm '\(name)'")
        }
        func parameters<Other: ScalingAlgorithm>(_ standard: Other) throws -> Algorithm {
            Algorithm(try container.decode(Other.self, forKey: .parameters))
        }
        guard container.contains(.parameters), let other = standard.other else {
            self = standard
            return
        }
        self = try parameters(other)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        if let other { try container.encode(other, forKey: .parameters) }
    }
}
