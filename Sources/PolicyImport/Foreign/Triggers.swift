/// Reads the triggers of a ScaledObject; the first one that has an equivalent counts.
struct Triggers {
    private let polling: Sourced<Int>?
    private let cooldown: Sourced<Int>?
    private let notes: ImportNotes
    private(set) var measure: ForeignPolicy.Measure?
    private(set) var events: [ForeignPolicy.Event] = []
    private var measured = ""
    private var found: [String] = []
    private var others: [String] = []

    init(polling: Sourced<Int>?, cooldown: Sourced<Int>?, notes: ImportNotes) {
        self.polling = polling
        self.cooldown = cooldown
        self.notes = notes
    }

    mutating func read(_ field: ManifestField) {
        guard var trigger = field.mapping(notes: notes) else { return }
        let type = PlainText.line(trigger.take("type")?.text ?? "?")
        found.append("\(type) (line \(field.line))")
        let metricType = trigger.take("metricType")
        let metadata = trigger.take("metadata")
        if let name = trigger.take("name") {
            notes.note(name, "a name for scalingModifiers; nothing here refers to it")
        }
        if let cached = trigger.take("useCachedMetrics") { notes.note(cached, "Spate looks at its queue each time") }
        if let authentication = trigger.take("authenticationRef") {
            notes.note(authentication, "Spate connects to its own queue: redis.url, or SPATE_REDIS_URL")
        }
        notes.rest(of: trigger, "not translated: no key of a trigger that Spate knows")
        guard var values = metadata?.mapping(notes: notes) else {
            return notes.warn(field, "not translated: a trigger without metadata")
        }
        let isQueue = ["redis", "redis-cluster", "redis-sentinel"].contains { type == $0 || type == "\($0)-streams" }
        switch type {
        case "cron":
            if let metricType { notes.note(metricType, "a cron trigger has no metric here") }
            if let event = CronTrigger(&values, field: field, notes: notes).event { events.append(event) }
        case _ where measure != nil && (isQueue || type == "cpu" || BacklogTrigger.all[type] != nil):
            notes.warn(
                field,
                "trigger \(type): KEDA takes the highest of all triggers; Spate follows one, and that is \(measured)")
            return
        case _ where isQueue:
            readQueue(&values, type: type, metricType: metricType, field: field)
        case "cpu":
            readProcessor(&values, metricType: metricType, field: field)
        default:
            if let backlog = BacklogTrigger.all[type],
                let found = backlog.read(&values, type: type, field: field, notes: notes)
            {
                return follow(found.count, found.activation, type: type, field: field)
            }
            others.append(Self.asked(values, type: type, field: field))
            notes.warn(
                field, "trigger \(type): no equivalent. Spate scales on its own queue and on what its workers measure")
            return
        }
        rest(of: values, type: type)
    }

    /// What is left to hold where nothing of it is measured here; `nil` where there are no triggers at all.
    var other: ForeignPolicy.Measure? {
        guard !found.isEmpty else { return nil }
        return .other(ForeignPolicy.Unmeasured(measures: others, polling: polling, cooldown: cooldown))
    }

    /// What a trigger asks for, in its own words; only numbers are shown.
    private static func asked(_ values: ManifestMapping, type: String, field: ManifestField) -> String {
        let names = [
            "threshold", "value", "targetValue", "targetQueryValue", "queryValue", "targetMetricValue", "targetSize",
        ]
        let numbers = values.fields.filter { names.contains($0.name) }.compactMap { value in
            value.text.flatMap { Quantity.value(of: $0) == nil ? nil : "\(value.name) \(PlainText.line($0))" }
        }
        return "\(type) (\(field.origin))" + (numbers.isEmpty ? "" : ": \(numbers.joined(separator: ", "))")
    }

    /// What was found, where nothing of it can be translated.
    func rejection(of object: ManifestObject, at list: ManifestField?) -> ImportError {
        let kinds = found.isEmpty ? "it has none" : "found: \(found.joined(separator: ", "))"
        let calendar = events.map { "; for scaler.calendar: \"\($0.text)\", \($0.hint)" }.joined()
        return ImportError(
            line: list?.line ?? object.line, column: 1,
            message:
                "\(object.title) has no trigger; \(kinds)\(calendar)"
        )
    }

    /// KEDA's times, where no lag is followed.
    func noteUnusedTimes() {
        for value in [polling, cooldown] {
            guard let value, let line = value.line else { continue }
            notes.add(.note, line: line, value.path, "KEDA does not use it for a cpu trigger, and hpa has none")
        }
    }

    // MARK: Kinds

    private mutating func readQueue(
        _ values: inout ManifestMapping, type: String, metricType: ManifestField?, field: ManifestField
    ) {
        let names =
            type.hasSuffix("-streams") ? ["lagCount", "pendingEntriesCount", "streamLength"] : ["listLength"]
        var count: Sourced<Double>?
        var chosen: String?
        for name in names {
            guard let field = values.take(name) else { continue }
            guard chosen == nil else {
                notes.warn(field, "a second count; \(chosen ?? "") stands")
                continue
            }
            chosen = name
            notes.add(Self.severity(of: name), line: field.line, field.path, Self.difference(of: name))
            count = field.quantity(in: 0.001...1e9, default: "5", notes: notes)
        }
        if chosen == nil {
            let name = type.hasSuffix("-streams") ? "pendingEntriesCount" : "listLength"
            notes.add(
                Self.severity(of: name), line: field.line, "\(field.path).metadata",
                "no count is given; KEDA takes \(name) 5. \(Self.difference(of: name))")
        }
        let activations = values.take(anyOf: ["activationLagCount", "activationListLength"])
        for field in activations.dropFirst() { notes.warn(field, "a second activation; the first one stands") }
        let activation = activations.first?.quantity(in: 0...1e9, default: "0", notes: notes)
        if let metricType {
            notes.add(
                metricType.text == "AverageValue" ? .note : .warning, line: metricType.line, metricType.path,
                "Spate divides the count by workers, as AverageValue does")
        }
        follow(
            count ?? Sourced(5, default: "KEDA's default"), activation ?? Sourced(0, default: "KEDA's default"),
            type: type, field: field)
    }

    private mutating func follow(
        _ count: Sourced<Double>, _ activation: Sourced<Double>, type: String, field: ManifestField
    ) {
        measured = "\(field.path) (\(type))"
        measure = .lag(
            .init(
                count: count, activation: activation,
                polling: polling ?? Sourced(30, default: "KEDA's default for pollingInterval"),
                cooldown: cooldown ?? Sourced(300, default: "KEDA's default for cooldownPeriod")))
    }

    private mutating func readProcessor(
        _ values: inout ManifestMapping, metricType: ManifestField?, field: ManifestField
    ) {
        let value = values.take("value")
        if let type = metricType?.text ?? values.take("type")?.text, type != "Utilization" {
            return notes.warn(
                field, "trigger cpu of the type \(PlainText.line(type)): no equivalent; only Utilization has one")
        }
        guard let value, let share = PodAutoscaler.share(value, notes: notes) else {
            return notes.warn(field, "trigger cpu without a usable value: not translated")
        }
        measured = "\(field.path) (cpu)"
        measure = .utilization(share)
    }

    // MARK: Words

    private static func severity(of name: String) -> ImportedPolicy.Severity {
        name == "lagCount" || name == "listLength" ? .note : .warning
    }

    private static func difference(of name: String) -> String {
        switch name {
        case "lagCount":
            "KEDA counts entries of one stream that the group was not given; Spate counts waiting jobs of all models and"
                + " priorities of the pool"
        case "listLength":
            "KEDA counts elements of one list; Spate counts waiting jobs of all models and priorities of the pool"
        case "pendingEntriesCount":
            "KEDA counts entries that were taken and not acknowledged, which are jobs that run; keda-lag counts jobs that wait."
                + " hpa with metric: jobs counts both"
        default:
            "KEDA counts all entries of the stream, finished ones too until they are trimmed; keda-lag counts jobs that wait"
        }
    }

    /// Where KEDA finds Redis, and how it is let in.
    private static let connection: Set<String> = [
        "address", "addresses", "host", "hosts", "port", "ports", "username", "password", "databaseIndex", "enableTLS",
        "tls",
        "unsafeSsl", "ca", "cert", "key", "keyPassword", "sentinelMaster", "sentinelUsername", "sentinelPassword",
    ]

    /// Notes for the keys of a trigger that were not taken.
    private func rest(of values: ManifestMapping, type: String) {
        for field in values.fields {
            let name = field.name.hasSuffix("FromEnv") ? String(field.name.dropLast(7)) : field.name
            switch name {
            case "stream", "listName": notes.note(field, "Spate has queues of its own, one for each model and priority")
            case "consumerGroup": notes.note(field, "Spate's workers are in its own group")
            case "containerName" where type == "cpu":
                notes.note(field, "a worker is one process; its share of time that is busy counts")
            case _ where Self.connection.contains(name) && type.hasPrefix("redis"):
                notes.note(
                    field, "where KEDA finds Redis; Spate connects to its own queue: redis.url, or SPATE_REDIS_URL")
            default: notes.warn(field, "not translated: no key of a \(type) trigger that Spate knows")
            }
        }
    }
}
