/// A priority class of jobs, as in the jobs' own header. A higher one is taken first.
package enum JobClass: String, Sendable, Codable, CaseIterable {
    case high
    case normal
    case low

    /// Place in the order of taking: 0 is taken first.
    var rank: Int {
        switch self {
        case .high: 0
        case .normal: 1
        case .low: 2
        }
    }
}

/// A value for one priority class.
package struct ClassDeadline: Sendable, Equatable, Codable {
    package var name: JobClass
    /// From submit to result.
    package var deadline: Duration

    package init(name: JobClass, deadline: Duration) {
        self.name = name
        self.deadline = deadline
    }
}
