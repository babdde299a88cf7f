import PolicyImport
import Scaling
import Settings
import Testing
import Time

@Suite struct OtherTriggerTests {
    /// A ScaledObject with limits, a cool-down and a behaviour, and these triggers from line 14 on.
    private func manifest(_ triggers: String) -> String {
        """
        apiVersion: keda.sh/v1alpha1
        kind: ScaledObject
        metadata: {name: worker}
        spec:
          scaleTargetRef: {name: worker}
          minReplicaCount: 2
          maxReplicaCount: 37
          cooldownPeriod: 120
          advanced:
            horizontalPodAutoscalerConfig:
              behavior:
                scaleUp: {policies: [{type: Pods, value: 3, periodSeconds: 20}]}
          triggers:
        \(triggers)
        """
    }

    @Test(
        "a trigger that counts a queue outside becomes keda-lag with its number",
        arguments: [
            ("kafka", "lagThreshold", "50"), ("apache-kafka", "lagThreshold", "50"), ("rabbitmq", "value", "50"),
            ("rabbitmq", "queueLength", "50"), ("aws-sqs-queue", "queueLength", "50"),
            ("azure-servicebus", "messageCount", "50"), ("azure-queue", "queueLength", "50"),
            ("azure-eventhub", "unprocessedEventThreshold", "50"), ("gcp-pubsub", "subscriptionSize", "50"),
            ("nats-jetstream", "lagThreshold", "50"), ("pulsar", "msgBacklogThreshold", "50"),
            ("activemq", "targetQueueSize", "50"), ("artemis-queue", "queueLength", "50"),
            ("ibmmq", "queueDepth", "50"),
            ("solace-event-queue", "messageCountTarget", "50"), ("beanstalkd", "value", "50"),
        ])
    func backlog(type: String, key: String, value: String) throws {
        let yaml = manifest(
            "    - {type: \(type), metadata: {\(key): \"\(value)\", queueName: orders, password: geheim}}")
        let imported = try importPolicy(from: yaml)
        let settings = try ReadBack.settings(imported.yaml)
        guard let keda = settings.scaler.algorithm.as(KEDALag.self) else {
            Issue.record("unexpected algorithm in \(imported.yaml)")
            return
        }
        #expect(keda.lagCount == 50 && keda.cooldownPeriod == .seconds(120))
        #expect(settings.pools[0].minimumWorkers == 2 && settings.pools[0].maximumWorkers == 37)
        #expect(imported.notes.contains { $0.severity == .warning && $0.why.contains("each of your messages") })
        #expect(!imported.yaml.contains("geheim") && !imported.notes.contains { "\($0)".contains("geheim") })
    }

    @Test(
        "a trigger that nothing here measures keeps limits and behaviour, and says what to set",
        arguments: [
            "    - {type: prometheus, metadata: {serverAddress: \"http://p\", query: up, threshold: \"100\"}}",
            "    - {type: metrics-api, metadata: {url: \"http://a\", targetValue: \"7\"}}",
            "    - {type: rabbitmq, metadata: {mode: MessageRate, value: \"100\"}}",
            "    - {type: external, metadata: {scalerAddress: \"a:1\"}}",
            "    - {type: memory, metadata: {value: \"60\"}}",
            "    - {type: never-heard-of, metadata: {}}",
        ])
    func unmeasured(triggers: String) throws {
        let imported = try importPolicy(from: manifest(triggers))
        let settings = try ReadBack.settings(imported.yaml)
        #expect(settings.scaler.algorithm == .spate)
        #expect(settings.scaler.scaleInWindow == .seconds(120))
        #expect(settings.pools[0].minimumWorkers == 2 && settings.pools[0].maximumWorkers == 37)
        #expect(settings.pools[0].scaleOutRate == WorkerRate(workers: 3, per: .seconds(20)))
        #expect(imported.yaml.contains("# not measured here: ") && imported.yaml.contains("# target_wait: 1s"))
        #expect(imported.notes.contains { $0.severity == .warning && $0.why.contains("model.yaml") })
    }

    @Test("the first trigger that has an equivalent counts, whatever stands before it")
    func mixed() throws {
        let imported = try importPolicy(
            from: manifest(
                """
                    - {type: prometheus, metadata: {threshold: "100"}}
                    - {type: kafka, metadata: {lagThreshold: "9"}}
                    - {type: redis, metadata: {listLength: "5"}}
                """))
        guard let keda = try ReadBack.settings(imported.yaml).scaler.algorithm.as(KEDALag.self) else {
            Issue.record("unexpected algorithm")
            return
        }
        #expect(keda.lagCount == 9)
        #expect(imported.notes.contains { $0.line == 16 && $0.why.contains("Spate follows one") })
    }

    @Test("times of the week alone keep the limits, for the algorithm that reads the calendar")
    func cron() throws {
        let imported = try importPolicy(
            from: manifest(
                "    - {type: cron, metadata: {timezone: EST, start: 0 8 * * *, end: 0 9 * * *, desiredReplicas: \"5\"}}"
            ))
        #expect(try ReadBack.settings(imported.yaml).scaler.algorithm == .spate)
        #expect(imported.yaml.contains("N calls at 08:00 for 1h, daily, EST"))
    }

    @Test("an HPA whose metrics have no equivalent keeps its limits")
    func podAutoscaler() throws {
        let yaml = """
            apiVersion: autoscaling/v2
            kind: HorizontalPodAutoscaler
            spec:
              minReplicas: 1
              maxReplicas: 3
              metrics:
                - type: Resource
                  resource: {name: memory, target: {type: Utilization, averageUtilization: 60}}
            """
        let imported = try importPolicy(from: yaml)
        let settings = try ReadBack.settings(imported.yaml)
        #expect(settings.scaler.algorithm == .spate && settings.pools[0].maximumWorkers == 3)
        #expect(imported.notes.contains { $0.why.contains("memory utilization: no equivalent") })
    }
}
