import Jobs

// One initializer for each section of the cluster file. The defaults are those of the memberwise initializers.

extension IdentitySettings {
    init(reading reader: SettingsReader) {
        let defaults = IdentitySettings()
        var name = defaults.name
        if let text = reader.string("name") {
            if let valid = ClusterName(text) {
                name = valid
            } else {
                reader.report(ClusterName.problem(with: text, in: "'name'"), at: "name")
            }
        }
        self.init(
            name: name, revision: reader.integer("revision", in: 1...1_000_000_000, default: defaults.revision))
    }
}

extension ClusterName {
    static func problem(with text: String, in place: String) -> String {
        "\(place): '\(text)' is no name of a cluster; allowed: 1 to 64 characters of A-Z a-z 0-9 _ -"
    }
}

extension RedisSettings {
    init(reading reader: SettingsReader, directory base: String) {
        let defaults = RedisSettings()
        func path(_ key: String) -> String? { reader.string(key).map { SettingsPath.resolve($0, from: base) } }
        let directory = path("directory") ?? SettingsPath.resolve("../.spate/redis", from: base)
        let url = reader.string("url").map { SettingsText.trimmed($0) }
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
            adminHost: reader.string("admin_host", default: defaults.adminHost),
            adminPort: reader.integer("admin_port", in: SettingsOverrides.ports, default: defaults.adminPort),
            adminNames: reader.strings("admin_names").map(\.value),
            maximumBody: reader.bytes("maximum_body", in: (1 << 10)...(256 << 20), default: defaults.maximumBody),
            maximumBodies: reader.bytes(
                "maximum_bodies", in: (1 << 20)...(1 << 40), default: defaults.maximumBodies),
            requestTimeout: reader.duration(
                "request_timeout", in: .milliseconds(1) ... .seconds(86_400), default: defaults.requestTimeout),
            retention: reader.duration(
                "retention", in: .seconds(1) ... .seconds(30 * 86_400), default: defaults.retention),
            maximumWait: reader.duration(
                "maximum_wait", in: .zero ... .seconds(3_600), default: defaults.maximumWait),
            tenantHeader: reader.string("tenant_header", default: defaults.tenantHeader),
            idleTimeout: reader.duration(
                "idle_timeout", in: .seconds(1) ... .seconds(86_400), default: defaults.idleTimeout),
            receiveTimeout: reader.duration(
                "receive_timeout", in: .seconds(1) ... .seconds(86_400), default: defaults.receiveTimeout),
            sendTimeout: reader.duration(
                "send_timeout", in: .seconds(1) ... .seconds(86_400), default: defaults.sendTimeout),
            maximumConnections: reader.integer("maximum_connections", in: 1...10_000_000),
            maximumAnswers: reader.bytes("maximum_answers", in: (1 << 20)...(1 << 40), default: defaults.maximumAnswers)
        )
        if !Self.isHeaderName(tenantHeader) {
            reader.report(
                "'tenant_header': '\(tenantHeader)' is no header's name; letters, digits and - are allowed",
                at: "tenant_header")
        }
        if port == adminPort, port != 0 {
            reader.report(
                "'admin_port': \(adminPort) is the inference port too; two ports are needed", at: "admin_port")
        }
    }
}

extension GatewaySettings {
    private static func isHeaderName(_ name: String) -> Bool {
        (1...128).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}

extension RuntimeSettings {
    init(reading reader: SettingsReader, directory base: String) {
        self.init(
            onnxRuntimeLibrary: reader.string("onnxruntime_library").map { SettingsPath.resolve($0, from: base) },
            folder: base)
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
