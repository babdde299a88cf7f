import Scaling

extension Algorithm {
    /// The names that a file may give.
    private enum Choice: String, CaseIterable {
        case spate
        case hpa
        case kedaLag = "keda-lag"
        case knativeKPA = "knative-kpa"
        case ray
        case awsBacklog = "aws-backlog"
        case fixed
    }

    /// The algorithm that `algorithm` names, with the parameters of the section of its name. The sections of the others
    /// may stand, too, and are checked, so that changing over is one word.
    init(reading reader: SettingsReader) {
        let chosen = reader.choice("algorithm", default: Choice.spate)
        let hpa = reader.mapping(Choice.hpa.rawValue) { HPA(reading: $0) }
        let kedaLag = reader.mapping(Choice.kedaLag.rawValue) { KEDALag(reading: $0) }
        let knativeKPA = reader.mapping(Choice.knativeKPA.rawValue) { KnativeKPA(reading: $0) }
        let ray = reader.mapping(Choice.ray.rawValue) { RayServe(reading: $0) }
        let awsBacklog = reader.mapping(Choice.awsBacklog.rawValue) { AWSBacklog(reading: $0) }
        let fixed = reader.mapping(Choice.fixed.rawValue) { reader in
            FixedCount(workers: reader.integer("workers", in: 0...10_000))
        }
        self =
            switch chosen {
            case .spate: .spate
            case .hpa: .hpa(hpa)
            case .kedaLag: .kedaLag(kedaLag)
            case .knativeKPA: .knativeKPA(knativeKPA)
            case .ray: .ray(ray)
            case .awsBacklog: .awsBacklog(awsBacklog)
            case .fixed: .fixed(fixed)
            }
    }
}

/// How long a span of the known algorithms may be.
private let span = Duration.zero ... .seconds(86_400)
/// A period that must not be zero.
private let positive = Duration.milliseconds(100) ... .seconds(86_400)

extension HPABehavior {
    init(reading reader: SettingsReader) {
        self.init()
        tolerance = reader.number("tolerance", in: 0...1, default: tolerance)
        syncPeriod = reader.duration("sync_period", in: positive, default: syncPeriod)
        scaleUpStabilizationWindow = reader.duration(
            "scale_up_stabilization_window", in: span, default: scaleUpStabilizationWindow)
        scaleDownStabilizationWindow = reader.duration(
            "scale_down_stabilization_window", in: span, default: scaleDownStabilizationWindow)
        scaleUpPercent = reader.number("scale_up_percent", in: 0...1e6, default: scaleUpPercent)
        scaleUpPods = reader.integer("scale_up_pods", in: 0...10_000, default: scaleUpPods)
        scaleUpPeriod = reader.duration("scale_up_period", in: positive, default: scaleUpPeriod)
        scaleDownPercent = reader.number("scale_down_percent", in: 0...100, default: scaleDownPercent)
        scaleDownPeriod = reader.duration("scale_down_period", in: positive, default: scaleDownPeriod)
    }
}

extension HPA {
    init(reading reader: SettingsReader) {
        self.init()
        let names = [Metric.utilization, .jobs].map(\.rawValue)
        metric =
            reader.parsed("metric", expected: "one of \(names.joined(separator: ", "))", suggesting: names) {
                Metric(rawValue: $0)
            } ?? metric
        target = reader.number("target", in: 0.001...1e6, default: target)
        if metric == .utilization, target > 1 {
            reader.report("'target': \(target) is no share; with the metric utilization it is 0.001 to 1", at: "target")
        }
        behavior = reader.mapping("behavior") { HPABehavior(reading: $0) }
    }
}

extension KEDALag {
    init(reading reader: SettingsReader) {
        self.init()
        lagCount = reader.number("lag_count", in: 0.001...1e9, default: lagCount)
        activationLagCount = reader.number("activation_lag_count", in: 0...1e9, default: activationLagCount)
        pollingInterval = reader.duration("polling_interval", in: positive, default: pollingInterval)
        cooldownPeriod = reader.duration("cooldown_period", in: span, default: cooldownPeriod)
        behavior = reader.mapping("behavior") { HPABehavior(reading: $0) }
    }
}

extension KnativeKPA {
    init(reading reader: SettingsReader) {
        self.init()
        containerConcurrency = reader.number("container_concurrency", in: 0...1e6, default: containerConcurrency)
        targetUtilization = reader.number("target_utilization", in: 0.01...1, default: targetUtilization)
        stableWindow = reader.duration("stable_window", in: positive, default: stableWindow)
        panicWindowShare = reader.number("panic_window_share", in: 0.01...1, default: panicWindowShare)
        panicThreshold = reader.number("panic_threshold", in: 1...1_000, default: panicThreshold)
        maximumScaleUpRate = reader.number("maximum_scale_up_rate", in: 1.01...1e6, default: maximumScaleUpRate)
        maximumScaleDownRate = reader.number("maximum_scale_down_rate", in: 1.01...1e6, default: maximumScaleDownRate)
        scaleToZeroGracePeriod = reader.duration(
            "scale_to_zero_grace_period", in: span, default: scaleToZeroGracePeriod)
        tickInterval = reader.duration("tick_interval", in: positive, default: tickInterval)
    }
}

extension RayServe {
    init(reading reader: SettingsReader) {
        self.init()
        targetOngoingRequests = reader.number(
            "target_ongoing_requests", in: 0.001...1e6, default: targetOngoingRequests)
        metricsInterval = reader.duration("metrics_interval", in: positive, default: metricsInterval)
        lookBackPeriod = reader.duration("look_back_period", in: positive, default: lookBackPeriod)
        upscaleDelay = reader.duration("upscale_delay", in: span, default: upscaleDelay)
        downscaleDelay = reader.duration("downscale_delay", in: span, default: downscaleDelay)
        upscalingFactor = reader.number("upscaling_factor", in: 0.001...1_000, default: upscalingFactor)
        downscalingFactor = reader.number("downscaling_factor", in: 0.001...1_000, default: downscalingFactor)
    }
}

extension AWSBacklog {
    init(reading reader: SettingsReader) {
        self.init()
        acceptableLatency = reader.duration("acceptable_latency", in: positive, default: acceptableLatency)
        processingTime = reader.duration("processing_time", in: .microseconds(1) ... .seconds(86_400))
        self.period = reader.duration("period", in: positive, default: self.period)
        scaleOutPeriods = reader.integer("scale_out_periods", in: 1...1_000, default: scaleOutPeriods)
        scaleInPeriods = reader.integer("scale_in_periods", in: 1...1_000, default: scaleInPeriods)
    }
}
