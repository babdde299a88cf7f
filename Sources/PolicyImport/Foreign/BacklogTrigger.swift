/// Triggers of KEDA that count what waits in a queue outside: the same measure as `lagCount`, of another queue.
///
/// - Source: KEDA's scalers of these names: keys and defaults.
struct BacklogTrigger {
    /// Keys that hold the messages a worker, the usual one first.
    var counts: [String]
    var activations: [String]
    /// KEDA's default for the first key; `nil`: it must be given.
    var fallback: Double?
    /// Values of `mode` that count what waits; `nil`: there is no such key.
    var modes: Set<String>?

    /// By the trigger's type.
    static let all: [String: BacklogTrigger] = [
        "kafka": lag("lagThreshold", 10), "apache-kafka": lag("lagThreshold", 10),
        "nats-jetstream": lag("lagThreshold", 10), "stan": lag("lagThreshold", 10),
        "liiklus": lag("lagThreshold", 10), "pulsar": lag("msgBacklogThreshold", 10),
        "rabbitmq": BacklogTrigger(
            counts: ["value", "queueLength"], activations: ["activationValue"], fallback: 20, modes: ["QueueLength"]),
        "aws-sqs-queue": lag("queueLength", 5), "azure-queue": lag("queueLength", 5),
        "azure-servicebus": lag("messageCount", 5), "azure-eventhub": lag("unprocessedEventThreshold", 64),
        "gcp-pubsub": BacklogTrigger(
            counts: ["value", "subscriptionSize"], activations: ["activationValue"], fallback: 10,
            modes: ["SubscriptionSize", "NumUndeliveredMessages"]),
        "activemq": lag("targetQueueSize", 10), "artemis-queue": lag("queueLength", 10), "ibmmq": lag("queueDepth", 20),
        "solace-event-queue": lag("messageCountTarget", nil), "beanstalkd": lag("value", nil),
    ]

    private static func lag(_ name: String, _ fallback: Double?) -> BacklogTrigger {
        BacklogTrigger(
            counts: [name], activations: ["activation" + name.prefix(1).uppercased() + name.dropFirst()],
            fallback: fallback)
    }

    /// Takes count and activation out of a trigger's metadata.
    /// - Returns: `nil` where it counts something else, or has no count.
    func read(
        _ values: inout ManifestMapping, type: String, field: ManifestField, notes: ImportNotes
    ) -> (count: Sourced<Double>, activation: Sourced<Double>)? {
        if let modes, let mode = values.take("mode"), let text = mode.text, !modes.contains(text) { return nil }
        let given = values.take(anyOf: Set(counts))
        for second in given.dropFirst() { notes.warn(second, "a second count; the first one stands") }
        let activation = values.take(anyOf: Set(activations)).first?.quantity(in: 0...1e9, default: "0", notes: notes)
        let count =
            given.first?.quantity(
                in: 0.001...1e9, default: fallback.map { PlainText.number($0) } ?? "nothing", notes: notes)
            ?? fallback.map { Sourced($0, default: "KEDA's default for \(counts[0])") }
        guard let count else { return nil }
        notes.warn(
            given.first ?? field,
            "KEDA counts what waits in a queue of yours (\(type)); Spate counts the waiting jobs of its own. The number holds"
                + " where each of your messages becomes one job here")
        for rest in values.fields { notes.note(rest, "about a queue outside; Spate has queues of its own") }
        return (count, activation ?? Sourced(0, default: "KEDA's default"))
    }
}
