import Scaling
import Time

/// Sets parameters of a policy by their names.
struct ContenderSettings {
    var policy: Policy

    /// - Parameter name: as in a cluster file (`target_utilization`), or as in the other autoscaler's own (`lagCount`).
    mutating func set(_ name: String, to value: String) throws(ContenderError) {
        let key = Self.camelCase(name)
        do throws(ContenderError) {
            try assign(key, to: value)
        } catch {
            guard error.isUnknown else { throw error }
            let known = Self.names(of: policy.algorithm).joined(separator: ", ")
            throw ContenderError("'\(name)=\(value)' is no parameter of this policy; it has: \(known)")
        }
    }

    private static func camelCase(_ name: String) -> String {
        let parts = name.split(separator: "_")
        return parts.dropFirst().reduce(String(parts.first ?? "")) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
    }

    private static func names(of algorithm: Algorithm) -> [String] {
        let behavior = [
            "tolerance", "sync_period", "scale_up_stabilization_window", "scale_down_stabilization_window",
            "scale_up_percent", "scale_up_pods",
        ]
        let own: [String] =
            switch algorithm {
            case .spate:
                [
                    "deadline", "target_wait", "target_utilization", "scale_in_window", "fast_rate", "slow_rate",
                    "calendar",
                ]
            case .hpa: ["metric", "target"] + behavior
            case .kedaLag: ["lag_count", "activation_lag_count", "polling_interval", "cooldown_period"] + behavior
            case .knativeKPA:
                ["container_concurrency", "target_utilization", "stable_window", "scale_to_zero_grace_period"]
            case .ray: ["target_ongoing_requests", "look_back_period", "upscale_delay", "downscale_delay"]
            case .awsBacklog: ["acceptable_latency", "scale_out_periods", "scale_in_periods"]
            case .fixed: ["workers"]
            case .oracle: []
            }
        return own + ["minimum"]
    }

    private mutating func assign(_ key: String, to value: String) throws(ContenderError) {
        if key == "minimum" {
            let count = try Self.count(key, value, in: 0...10_000)
            policy.pools.append(PoolPolicy(name: "*", minimum: count, maximum: .max))
            return
        }
        switch policy.algorithm {
        case .spate: try setSpate(key, value)
        case .hpa(var hpa):
            switch key {
            case "metric":
                guard let metric = HPA.Metric(rawValue: value) else { throw Self.unknown(key, value) }
                hpa.metric = metric
            case "target": hpa.target = try Self.number(key, value, in: 0.001...1e6)
            default: try Self.set(&hpa.behavior, key, value)
            }
            policy.algorithm = .hpa(hpa)
        case .kedaLag(var keda):
            switch key {
            case "lagCount": keda.lagCount = try Self.number(key, value, in: 0.001...1e9)
            case "activationLagCount": keda.activationLagCount = try Self.number(key, value, in: 0...1e9)
            case "pollingInterval": keda.pollingInterval = try Self.period(key, value)
            case "cooldownPeriod": keda.cooldownPeriod = try Self.duration(key, value)
            default: try Self.set(&keda.behavior, key, value)
            }
            policy.algorithm = .kedaLag(keda)
        case .knativeKPA(var kpa):
            switch key {
            case "containerConcurrency": kpa.containerConcurrency = try Self.number(key, value, in: 0...1e6)
            case "targetUtilization": kpa.targetUtilization = try Self.number(key, value, in: 0.01...1)
            case "stableWindow": kpa.stableWindow = try Self.period(key, value)
            case "scaleToZeroGracePeriod": kpa.scaleToZeroGracePeriod = try Self.duration(key, value)
            default: throw Self.unknown(key, value)
            }
            policy.algorithm = .knativeKPA(kpa)
        case .ray(var ray):
            switch key {
            case "targetOngoingRequests": ray.targetOngoingRequests = try Self.number(key, value, in: 0.001...1e6)
            case "lookBackPeriod": ray.lookBackPeriod = try Self.period(key, value)
            case "upscaleDelay": ray.upscaleDelay = try Self.duration(key, value)
            case "downscaleDelay": ray.downscaleDelay = try Self.duration(key, value)
            default: throw Self.unknown(key, value)
            }
            policy.algorithm = .ray(ray)
        case .awsBacklog(var aws):
            switch key {
            case "acceptableLatency": aws.acceptableLatency = try Self.period(key, value)
            case "scaleOutPeriods": aws.scaleOutPeriods = try Self.count(key, value, in: 1...1_000)
            case "scaleInPeriods": aws.scaleInPeriods = try Self.count(key, value, in: 1...1_000)
            default: throw Self.unknown(key, value)
            }
            policy.algorithm = .awsBacklog(aws)
        case .fixed(var fixed):
            guard key == "workers" else { throw Self.unknown(key, value) }
            fixed.workers = try Self.count(key, value, in: 0...10_000)
            policy.algorithm = .fixed(fixed)
        case .oracle: throw Self.unknown(key, value)
        }
    }

    private mutating func setSpate(_ key: String, _ value: String) throws(ContenderError) {
        switch key {
        case "deadline":
            // What the policy is told; zero: nothing. What jobs carry is the scenario's.
            let deadline = try Self.duration(key, value)
            policy.models.append(ModelPolicy(name: "*", pools: [], deadline: deadline > .zero ? deadline : nil))
        case "targetWait": policy.targetWait = try Self.period(key, value)
        case "targetUtilization": policy.targetUtilization = try Self.number(key, value, in: 0.05...1)
        case "scaleInWindow": policy.scaleInWindow = try Self.duration(key, value)
        case "fastRate": policy.fastRate = try Self.period(key, value)
        case "slowRate": policy.slowRate = try Self.period(key, value)
        default: throw Self.unknown(key, value)
        }
    }

    private static func set(_ behavior: inout HPABehavior, _ key: String, _ value: String) throws(ContenderError) {
        switch key {
        case "tolerance": behavior.tolerance = try number(key, value, in: 0...1)
        case "syncPeriod": behavior.syncPeriod = try period(key, value)
        case "scaleUpStabilizationWindow": behavior.scaleUpStabilizationWindow = try duration(key, value)
        case "scaleDownStabilizationWindow": behavior.scaleDownStabilizationWindow = try duration(key, value)
        case "scaleUpPercent": behavior.scaleUpPercent = try number(key, value, in: 0...1e6)
        case "scaleUpPods": behavior.scaleUpPods = try count(key, value, in: 0...10_000)
        default: throw unknown(key, value)
        }
    }

    private static func unknown(_ key: String, _ value: String) -> ContenderError {
        ContenderError("'\(key)=\(value)' is no parameter of this policy", isUnknown: true)
    }

    // What these may be in a cluster file.

    private static func number(
        _ key: String, _ value: String, in range: ClosedRange<Double>
    ) throws(ContenderError) -> Double {
        guard let number = Double(value), range.contains(number) else {
            throw ContenderError(
                "'\(key)' must be a number from \(short(range.lowerBound)) to \(short(range.upperBound)), got '\(value)'"
            )
        }
        return number
    }

    private static func short(_ number: Double) -> String {
        number == number.rounded() && number < 1e15 ? String(Int(number)) : String(number)
    }

    private static func count(
        _ key: String, _ value: String, in range: ClosedRange<Int>
    ) throws(ContenderError) -> Int {
        guard let count = Int(value), range.contains(count) else {
            throw ContenderError(
                "'\(key)' must be a whole number from \(range.lowerBound) to \(range.upperBound), got '\(value)'")
        }
        return count
    }

    /// A duration above zero.
    private static func period(_ key: String, _ value: String) throws(ContenderError) -> Duration {
        let period = try duration(key, value)
        guard period > .zero else { throw ContenderError("'\(key)' must be above 0, got '\(value)'") }
        return period
    }

    /// `250ms`, `10s`, `5m`, `1h`.
    static func duration(_ key: String, _ value: String) throws(ContenderError) -> Duration {
        let units: [(String, Double)] = [("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3_600)]
        for (unit, factor) in units where value.hasSuffix(unit) {
            guard let number = Double(value.dropLast(unit.count)), number >= 0, number * factor < 1e9 else { break }
            return .microseconds(number * factor * 1e6)
        }
        throw ContenderError("'\(key)' must be a duration such as 250ms, 10s or 5m, got '\(value)'")
    }
}
