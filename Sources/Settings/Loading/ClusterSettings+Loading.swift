extension ClusterSettings {
    /// The cluster file at `path` and the model files that it names, checked, with `overrides` in place.
    ///
    /// Relative paths in the file start from the file's folder. Blocks for reading a few small files.
    ///
    /// - Throws: everything that is wrong in any of the files, at once.
    package static func load(
        path: String, overrides: SettingsOverrides = SettingsOverrides()
    ) throws(SettingsError) -> ClusterSettings {
        let findings = SettingsFindings()
        let base = SettingsPath.directory(of: path)
        let settings = SettingsReader.read(path: path, findings: findings) { file in
            ClusterSettings(reading: file, directory: base, overrides: overrides)
        }
        if let error = findings.error { throw error }
        guard let settings else {
            throw SettingsError(diagnostics: [
                SettingsDiagnostic(position: SettingsPosition(file: path), message: "cannot be read")
            ])
        }
        return settings
    }

    init(reading file: SettingsReader, directory base: String, overrides: SettingsOverrides) {
        var cluster = file.mapping("cluster") { IdentitySettings(reading: $0) }
        var redis = file.mapping("redis") { RedisSettings(reading: $0, directory: base) }
        var gateway = file.mapping("gateway") { GatewaySettings(reading: $0) }
        if let url = overrides.redisURL {
            redis.server = .url(url)
            if let problem = RedisURL.problem(with: url) {
                file.report(problem, at: SettingsPosition(file: "redis URL (--redis, SPATE_REDIS_URL)"))
            }
        }
        cluster.name = overrides.cluster ?? cluster.name
        gateway.host = overrides.host ?? gateway.host
        gateway.adminHost = overrides.adminHost ?? gateway.adminHost
        gateway.port = overrides.port ?? gateway.port
        gateway.adminPort = overrides.adminPort ?? gateway.adminPort
        let written = file.string("repository").map { SettingsPath.resolve($0, from: base) }
        let repository =
            overrides.repository.map { SettingsPath.resolve($0, from: SettingsPath.workingDirectory) }
            ?? written ?? SettingsPath.resolve("models", from: base)
        let pools = Self.pools(file)
        let models = Self.models(file, repository: repository, pools: pools.map(\.name))
        let scaler = file.mapping("scaler") { ScalerSettings(reading: $0, directory: base) }
        Self.check(scaler.calendar, models: models.map(\.name), file)
        self.init(
            cluster: cluster, redis: redis, gateway: gateway, repository: repository,
            models: models, pools: pools,
            scaler: scaler,
            kubernetes: Self.kubernetes(file, pools: pools),
            runtime: file.mapping("runtime") { RuntimeSettings(reading: $0, directory: base) },
            logging: file.mapping("logging") { LoggingSettings(reading: $0) })
    }

    private static func kubernetes(_ file: SettingsReader, pools: [PoolSettings]) -> KubernetesSettings {
        var kubernetes = file.mapping("kubernetes") { KubernetesSettings(reading: $0) }
        kubernetes.isUsed = file.has("kubernetes") || pools.contains { $0.driver == .kubernetes }
        return kubernetes
    }

    private static func pools(_ file: SettingsReader) -> [PoolSettings] {
        guard file.has("pools") else { return [PoolSettings()] }
        var names: Set<String> = []
        let pools = file.list("pools", shorthand: "name") { reader -> PoolSettings? in
            guard let pool = PoolSettings(reading: reader) else { return nil }
            if !names.insert(pool.name).inserted {
                reader.report("'name': two pools of the name '\(pool.name)'", at: "name")
            }
            return pool
        }
        if file.isEmptyList("pools") { file.report("'pools': a cluster needs at least one pool", at: "pools") }
        return pools
    }

    /// Every event is of one model.
    private static func check(_ events: [DeclaredEvent], models: [String], _ file: SettingsReader) {
        for declared in events {
            if let model = declared.model {
                guard !models.contains(model) else { continue }
                file.report(
                    "'scaler.calendar': '\(declared.text)' is of the model '\(model)'; there are: \(models.joined(separator: ", "))",
                    at: "scaler")
            } else if models.count > 1 {
                file.report(
                    "'scaler.calendar': '\(declared.text)' names no model; write {model: NAME, event: TEXT} with one of: \(models.joined(separator: ", "))",
                    at: "scaler")
            }
        }
    }

    private static func models(_ file: SettingsReader, repository: String, pools: [String]) -> [ModelSettings] {
        file.require("models")
        if SettingsPath.kind(of: repository) != .directory {
            file.report("'repository': no folder \(SettingsPath.shown(repository))", at: "repository")
            _ = file.list("models", shorthand: "name") { ModelEntry(reading: $0) }
            return []
        }
        var names: Set<String> = []
        let models = file.list("models", shorthand: "name") { reader -> ModelSettings? in
            guard let entry = ModelEntry(reading: reader) else { return nil }
            guard names.insert(entry.name.value).inserted else {
                reader.report("'name': two models of the name '\(entry.name.value)'", at: "name")
                return nil
            }
            return model(entry, reader, repository: repository, pools: pools)
        }
        if file.isEmptyList("models") { file.report("'models': a cluster serves at least one model", at: "models") }
        return models
    }

    private static func model(
        _ entry: ModelEntry, _ reader: SettingsReader, repository: String, pools: [String]
    ) -> ModelSettings? {
        let directory = "\(repository)/\(entry.name.value)"
        let path = "\(directory)/model.yaml"
        guard SettingsPath.kind(of: path) == .file else {
            let found = ModelFolders.models(in: repository)
            let hint = Suggestion.nearest(to: entry.name.value, among: found).map { "; did you mean '\($0)'?" } ?? ""
            let list = found.isEmpty ? "no models" : found.joined(separator: ", ")
            reader.report(
                "no model '\(entry.name.value)' in \(SettingsPath.shown(repository)) (no \(SettingsPath.shown(path)));"
                    + " it has: \(list)\(hint)",
                at: entry.name.position)
            return nil
        }
        return SettingsReader.read(path: SettingsPath.shown(path), findings: reader.findings) {
            ModelSettings(reading: $0, entry: entry, directory: directory, pools: pools)
        }
    }
}
