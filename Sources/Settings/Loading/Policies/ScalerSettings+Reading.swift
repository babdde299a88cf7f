import Scaling

extension ScalerSettings {
    init(reading reader: SettingsReader, directory base: String) {
        let defaults = ScalerSettings()
        let policy = reader.parameters(Policy.clusterFile, over: .standard)
        self.init(
            interval: reader.duration(
                "interval", in: .milliseconds(50) ... .seconds(60), default: defaults.interval),
            targetWait: policy.targetWait, scaleInWindow: policy.scaleInWindow,
            targetUtilization: policy.targetUtilization, algorithm: Algorithm(reading: reader),
            budgetPerHour: policy.budgetPerHour,
            fallback: reader.fallback(),
            isPaused: reader.boolean("paused", default: defaults.isPaused),
            calendar: reader.calendar(),
            forecast: reader.forecast(),
            keda: reader.keda(base))
    }
}

extension SettingsReader {
    fileprivate func keda(_ base: String) -> ScalerSettings.Keda? {
        guard has("keda") else { return nil }
        return mapping("keda") { reader in
            let defaults = ScalerSettings.Keda()
            func path(_ key: String) -> String? { reader.string(key).map { SettingsPath.resolve($0, from: base) } }
            let keda = ScalerSettings.Keda(
                host: reader.string("host", default: defaults.host),
                port: reader.integer("port", in: SettingsOverrides.ports, default: defaults.port),
                certificate: path("certificate"), key: path("key"),
                clientAuthority: path("client_authority"))
            if (keda.certificate == nil) != (keda.key == nil) {
                reader.report("'certificate' and 'key' are needed together", at: "certificate")
            }
            return keda
        }
    }

    /// `fallback: hold` or `fallback: 4`.
    fileprivate func fallback() -> ScalerSettings.Fallback {
        parsed("fallback", expected: "hold, or a number of workers from 0 to 10000", suggesting: ["hold"]) { text in
            if text == "hold" { return .hold }
            guard let count = SettingsNumber.integer(text), (0...10_000).contains(count) else { return nil }
            return .workers(count)
        } ?? .hold
    }

    /// `{workers: 10, per: 30s}`; `nil` where the key is not given.
    func rate(_ key: String) -> WorkerRate? {
        guard has(key) else { return nil }
        return mapping(key) { reader in
            reader.require("workers", "per")
            guard let workers = reader.integer("workers", in: 1...10_000),
                let per = reader.duration("per", in: .milliseconds(100) ... .seconds(86_400))
            else { return nil }
            return WorkerRate(workers: workers, per: per)
        }
    }
}
