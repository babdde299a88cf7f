/// Who says how many workers there should be.
///
/// `spate` is the default and the only one that knows deadlines, start-up times and costs. The others are the known
/// autoscalers, as their sources and manuals say, with their own parameters: for people who know them, and to compare
/// with.
///
/// | name | asks | from zero | in |
/// |---|---|---|---|
/// | `hpa` | busy share (or jobs a worker) against a target, every 15 s | never at zero | after 300 s |
/// | `keda-lag` | waiting jobs against 5 a worker | at a poll, every 30 s | after 300 s |
/// | `knative-kpa` | jobs in the system against 70 a worker, 60 s and 6 s means | at once | after 60 s and 30 s |
/// | `ray` | jobs in the system against 2 a worker, 30 s mean | at once | after 600 s |
/// | `aws-backlog` | waiting jobs a worker against latency / service time | one worker stays | after 15 min |
/// | `fixed` | nobody | always there | never |
/// | `oracle` | a plan that was made with the whole trace known | as planned | as planned |
package enum Algorithm: Sendable, Equatable {
    case spate
    case hpa(HPA)
    case kedaLag(KEDALag)
    case knativeKPA(KnativeKPA)
    case ray(RayServe)
    case awsBacklog(AWSBacklog)
    case fixed(FixedCount)
    /// In simulations only.
    case oracle(OraclePlan)

    package enum Name: String, Sendable, Codable, CaseIterable {
        case spate
        case hpa
        case kedaLag = "keda-lag"
        case knativeKPA = "knative-kpa"
        case ray
        case awsBacklog = "aws-backlog"
        case fixed
        case oracle
    }

    package var name: Name {
        switch self {
        case .spate: .spate
        case .hpa: .hpa
        case .kedaLag: .kedaLag
        case .knativeKPA: .knativeKPA
        case .ray: .ray
        case .awsBacklog: .awsBacklog
        case .fixed: .fixed
        case .oracle: .oracle
        }
    }

    /// The algorithm of that name with its own default parameters; an oracle without a plan wants nobody.
    package init(_ name: Name) {
        self =
            switch name {
            case .spate: .spate
            case .hpa: .hpa(HPA())
            case .kedaLag: .kedaLag(KEDALag())
            case .knativeKPA: .knativeKPA(KnativeKPA())
            case .ray: .ray(RayServe())
            case .awsBacklog: .awsBacklog(AWSBacklog())
            case .fixed: .fixed(FixedCount())
            case .oracle: .oracle(OraclePlan(steps: []))
            }
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
        let name = try container.decode(Name.self, forKey: .name)
        guard container.contains(.parameters) else {
            self.init(name)
            return
        }
        self =
            switch name {
            case .spate: .spate
            case .hpa: .hpa(try container.decode(HPA.self, forKey: .parameters))
            case .kedaLag: .kedaLag(try container.decode(KEDALag.self, forKey: .parameters))
            case .knativeKPA: .knativeKPA(try container.decode(KnativeKPA.self, forKey: .parameters))
            case .ray: .ray(try container.decode(RayServe.self, forKey: .parameters))
            case .awsBacklog: .awsBacklog(try container.decode(AWSBacklog.self, forKey: .parameters))
            case .fixed: .fixed(try container.decode(FixedCount.self, forKey: .parameters))
            case .oracle: .oracle(try container.decode(OraclePlan.self, forKey: .parameters))
            }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        switch self {
        case .spate: break
        case .hpa(let parameters): try container.encode(parameters, forKey: .parameters)
        case .kedaLag(let parameters): try container.encode(parameters, forKey: .parameters)
        case .knativeKPA(let parameters): try container.encode(parameters, forKey: .parameters)
        case .ray(let parameters): try container.encode(parameters, forKey: .parameters)
        case .awsBacklog(let parameters): try container.encode(parameters, forKey: .parameters)
        case .fixed(let parameters): try container.encode(parameters, forKey: .parameters)
        case .oracle(let parameters): try container.encode(parameters, forKey: .parameters)
        }
    }
}
