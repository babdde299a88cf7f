package import Scaling

/// What a contender can be told beside its algorithm's parameters, in simulations only.
struct ContenderOptions: Sendable {
    enum Answer: String, Sendable, CaseIterable {
        case yes = "true"
        case no = "false"
    }

    /// What the policy is told; zero: nothing. What jobs carry is the scenario's.
    var deadline: Duration?
    var calendar = Answer.no
    var minimum: Int?

    /// `policy` with what was given.
    func over(_ policy: Policy) -> Policy {
        var told = policy
        if let deadline {
            told.models.append(ModelPolicy(name: "*", pools: [], deadline: deadline > .zero ? deadline : nil))
        }
        if let minimum { told.pools.append(PoolPolicy(name: "*", minimum: minimum, maximum: .max)) }
        return told
    }
}

extension ContenderOptions: Parameterized {
    static let standard = ContenderOptions()

    static let parameters: [Parameter<ContenderOptions>] = ofSpate + ofAll

    static let ofSpate: [Parameter<ContenderOptions>] = [
        Parameter(
            "deadline", \.deadline, in: .zero ... .seconds(864_000), absent: "the model's",
            "The deadline that the policy is told, whatever the jobs carry; 0s: none."),
        Parameter(
            "calendar", \.calendar, "Knows the calls of each minute beforehand, as if they stood in its calendar."),
    ]

    static let ofAll: [Parameter<ContenderOptions>] = [
        Parameter(
            "minimum", \.minimum, in: 0...10_000, unit: "workers", absent: "the pool's",
            "Workers that stay in each pool without work.")
    ]
}

extension Algorithm {
    /// What can be set of a contender with it: its own parameters and those of simulations.
    package var simulatedParameters: [ParameterDeclaration] {
        let standard = ContenderOptions.standard
        return self == .spate
            ? Policy.declarations + ContenderOptions.declarations
            : declarations + ContenderOptions.ofAll.map { $0.declaration(standard: standard) }
    }
}
