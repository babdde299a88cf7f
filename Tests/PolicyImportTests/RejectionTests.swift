import PolicyImport
import Settings
import Testing

@Suite struct RejectionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var yaml: String
        var line: Int
        var message: String
    }

    static let cases = [
        Case(testDescription: "an empty file", yaml: "", line: 1, message: "no manifest"),
        Case(testDescription: "no object", yaml: "- 1\n", line: 1, message: "a Kubernetes object was expected"),
        Case(testDescription: "no YAML", yaml: "a: [1\nb: 2\n", line: 2, message: "not valid YAML"),
        Case(testDescription: "bytes", yaml: "\u{0}\u{1}", line: 1, message: "not valid YAML"),
        Case(testDescription: "a key twice", yaml: "kind: A\nkind: B\n", line: 1, message: "duplicate key 'kind'"),
        Case(
            testDescription: "another kind", yaml: "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n", line: 1,
            message: "found: Service a"),
        Case(
            testDescription: "an old HPA", yaml: "\napiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\n",
            line: 2, message: "is of autoscaling/v1, not autoscaling/v2"),
        Case(
            testDescription: "a ScaledJob", yaml: "apiVersion: keda.sh/v1alpha1\nkind: ScaledJob\n", line: 1,
            message: "a ScaledJob starts a Kubernetes Job for each piece of work"),
        Case(
            testDescription: "no spec", yaml: "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\n", line: 1,
            message: "ScaledObject has no spec"),
        Case(
            testDescription: "no triggers",
            yaml: "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nspec: {}\n", line: 1,
            message: "has no trigger; it has none"),
        Case(
            testDescription: "limits the wrong way round",
            yaml: """
                apiVersion: keda.sh/v1alpha1
                kind: ScaledObject
                spec:
                  minReplicaCount: 9
                  maxReplicaCount: 3
                  triggers: [{type: redis, metadata: {listLength: "5"}}]
                """, line: 1, message: "3 (spec.maxReplicaCount, line 5), are fewer than the fewest, 9"),
        Case(
            testDescription: "an HPA without a maximum",
            yaml: "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nspec: {}\n", line: 1,
            message: "has no maxReplicas"),
    ]

    @Test("is refused with its line and the reason", arguments: cases)
    func isRefused(_ example: Case) {
        let error = #expect(throws: ImportError.self) { _ = try importPolicy(from: example.yaml) }
        #expect(error?.line == example.line)
        #expect(error?.message.contains(example.message) == true, "\(error?.message ?? "")")
    }

    @Test("a pool's name that a cluster file could not have is refused", arguments: ["", "a b", "x: y\n", "ä"])
    func poolName(_ name: String) {
        #expect(throws: ImportError.self) { _ = try importPolicy(from: "", options: ImportOptions(pool: name)) }
    }

    @Test("text of the manifest cannot break out of a comment")
    func comments() throws {
        let yaml = """
            apiVersion: keda.sh/v1alpha1
            kind: ScaledObject
            metadata: {name: "a\\nscaler: {algorithm: fixed}\\u2028b"}
            spec:
              scaleTargetRef: {name: "x\\n y"}
              triggers: [{type: redis, metadata: {password: geheim, listLength: "7"}}]
            """
        let imported = try importPolicy(from: yaml)
        #expect(
            imported.yaml.hasPrefix("# Translated by `spate import` from ScaledObject a?scaler: {algorithm: fixed}?b"))
        #expect(try ReadBack.settings(imported.yaml).pools.first?.maximumWorkers == 100)
        #expect(!imported.notes.contains { "\($0)".contains("geheim") || "\($0)".contains("\n") })
        #expect(imported.notes.contains { $0.what == "spec.triggers[0].metadata.password" })
    }

    @Test("a CPU trigger becomes hpa; a percentage above 100 is a full worker")
    func processorTrigger() throws {
        let yaml = """
            apiVersion: keda.sh/v1alpha1
            kind: ScaledObject
            spec:
              pollingInterval: 10
              triggers: [{type: cpu, metricType: Utilization, metadata: {value: "150"}}]
            """
        let imported = try importPolicy(from: yaml)
        #expect(imported.yaml.contains("metric: utilization") && imported.yaml.contains("target: 1  #"))
        #expect(imported.notes.map(\.line) == [4, 5])
    }
}
