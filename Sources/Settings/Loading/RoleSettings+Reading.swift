// One initializer for each section of the cluster file. The defaults are those of the memberwise initializers.

extension RedisSettings {
    init(reading reader: SettingsReader, directory base: String) {
        let defaults = RedisSettings()
        func path(_ key: String) -> String? { reader.string(key).map { SettingsPath.resolve($0, from: base) } }
        let directory = path("directory") ?? SettingsPath.resolve("../.spate/redis", from: base)
        let url = reader.string("url")
        if let url, let problem = RedisURL.problem(with: url) { reader.report("'url': \(problem)", at: "url") }
        let certificateAuthority = path("certificate_authority")
        let clientCertificate = path("client_certificate")
        let clientKey = path("client_key")
        if (clientCertificate == nil) != (clientKey == nil) {
            reader.report(
                "client_certificate and client_key belong together; give both or neither",
                at: clientKey == nil ? "client_certificate" : "client_key")
        }
        self.init(
            server: url.map { .url($0) } ?? .private(directory: directory),
            certificateAuthority: certificateAuthority, clientCertificate: clientCertificate, clientKey: clientKey,
            maximumMemory: reader.bytes(
                "maximum_memory", in: (16 << 20)...(1 << 40), default: defaults.maximumMemory),
            durability: reader.choice("durability", default: defaults.durability))
    }
}

extension GatewaySettings {
    init(reading reader: SettingsReader) {
        let defaults = GatewaySettings()
        self.init(
            host: reader.string("host", default: defaults.host),
            port: reader.integer("port", in: SettingsOverrides.ports, default: defaults.port),
            adminPort: reader.integer("admin_port", in: SettingsOverrides.ports, default: defaults.adminPort),
            maximumBody: reader.bytes("maximum_body", in: (1 << 10)...(256 << 20), default: defaults.maximumBody),
            maximumBodies: reader.bytes(
                "maximum_bodies", in: (1 << 20)...(1 << 40), default: defaults.maximumBodies),
            requestTimeout: reader.duration(
                "request_timeout", in: .milliseconds(1) ... .seconds(86_400), default: defaults.requestTimeout),
            retention: reader.duration(
                "retention", in: .seconds(1) ... .seconds(30 * 86_400), default: defaults.retention),
            maximumWait: reader.duration(
                "maximum_wait", in: .zero ... .seconds(3_600), default: defaults.maximumWait))
        if port == adminPort, port != 0 {
            reader.report(
                "'admin_port': \(adminPort) is the inference port too; two ports are needed", at: "admin_port")
        }
    }
}

extension RuntimeSettings {
    init(reading reader: SettingsReader, directory base: String) {
        self.init(
            onnxRuntimeLibrary: reader.string("onnxruntime_library").map { SettingsPath.resolve($0, from: base) })
    }
}

extension LoggingSettings {
    init(reading reader: SettingsReader) {
        let defaults = LoggingSettings()
        self.init(
            level: reader.choice("level", default: defaults.level),
            format: reader.choice("format", default: defaults.format))
    }
}
