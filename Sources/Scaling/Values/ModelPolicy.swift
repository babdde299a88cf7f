import Time

/// What an operator sets for one model version.
package struct ModelPolicy: Sendable, Equatable, Codable {
    /// As in `ModelObservation.name`.
    package var name: String
    /// Pools that may serve it, in order of preference.
    package var pools: [String]
    /// Rows of a full batch.
    package var maximumRows: Int
    /// Planned with until a worker has measured.
    package var assumedCost: ServiceCost
    /// Time from submit to result that must be kept. Work may queue up as long as it is kept. Default `nil`: waits are
    /// kept below `Policy.targetWait`.
    package var deadline: Duration?
    /// Deadlines of priority classes that differ from the model's. Default: none differs.
    package var deadlines: [ClassDeadline]

    package init(
        name: String, pools: [String], maximumRows: Int = 64,
        assumedCost: ServiceCost = ServiceCost(fixed: .milliseconds(5), perRow: .milliseconds(5)),
        deadline: Duration? = nil, deadlines: [ClassDeadline] = []
    ) {
        self.name = name
        self.pools = pools
        self.maximumRows = max(maximumRows, 1)
        self.assumedCost = assumedCost
        self.deadline = deadline
        self.deadlines = deadlines
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        name = try values.decode(String.self, forKey: .name)
        pools = try values.decode([String].self, forKey: .pools)
        maximumRows = try values.decode(Int.self, forKey: .maximumRows)
        assumedCost = try values.decode(ServiceCost.self, forKey: .assumedCost)
        deadline = try values.decodeIfPresent(Duration.self, forKey: .deadline)
        deadlines = try values.decodeIfPresent([ClassDeadline].self, forKey: .deadlines) ?? []
    }

    /// The deadline of a class: its own, else the model's.
    package func deadline(of name: JobClass) -> Duration? {
        for entry in deadlines where entry.name == name { return entry.deadline }
        return deadline
    }
}
