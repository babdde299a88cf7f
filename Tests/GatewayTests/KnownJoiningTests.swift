import Jobs
import Settings
import Tensors
import Testing
import Time

@testable import Gateway

@Suite struct KnownJoiningTests {
    private func known(_ outlook: JoiningOutlook, _ said: [Bool?]) throws -> KnownJoining {
        let queue = try #require(QueueName(model: "m", version: "1"))
        let model = ServedModel(
            settings: ModelSettings(name: "m"), queue: queue,
            signature: ModelSignature(inputs: [], outputs: [], maximumBatchSize: nil), joining: outlook,
            platform: "onnxruntime_onnx")
        let other = WorkerReport.ModelReport(
            queue: "other.1", instances: 1, joining: .init(joinsRows: true, reason: "of another model"))
        let reports = said.enumerated().map { index, joins in
            WorkerReport(
                id: "w\(index)", pool: "cpu", state: .ready, started: .zero,
                models: [
                    other,
                    WorkerReport.ModelReport(
                        queue: queue.description, instances: 1,
                        joining: joins.map { .init(joinsRows: $0, reason: $0 ? "proven" : "refuted") }),
                ])
        }
        return KnownJoining(model, reports: reports)
    }

    @Test("is what workers say at the moment, where the model's file does not settle it")
    func fromReports() throws {
        #expect(try known(.open, []).word == "unknown")
        #expect(try known(.open, [nil]).word == "unknown", "a worker that does not say")
        #expect(try known(.open, [true, nil]) == .rows("proven"))
        #expect(try known(.open, [true, true]) == .rows("proven"))
        #expect(try known(.open, [false]) == .none("refuted"))
        #expect(try known(.open, [true, false]) == .unknown("workers differ; one says: refuted"))
    }

    @Test("is what the file says, whatever workers of an older one say")
    func settled() throws {
        #expect(try known(.settled(.none(.asked)), [true]).word == "none")
        #expect(try known(.settled(.rows(.asked)), [false]).word == "rows")
    }

    @Test(
        "requests may share runs unless the file or the operator speaks against it",
        arguments: [
            (JoiningOutlook.settled(.none(.asked)), [Shape([-1, 4])], [Shape([-1, 2])], 8, false),
            (.settled(.rows(.asked)), [Shape([-1, 4])], [Shape([-1, 2])], 8, true),
            (.open, [Shape([-1, 4])], [Shape([-1, 2])], nil, true),
            (.open, [Shape([3, 4])], [Shape([-1, 2])], nil, false),
            (.open, [Shape([-1, 4])], [Shape([2])], nil, false),
            (.open, [], [Shape([-1, 2])], nil, false),
        ] as [(JoiningOutlook, [Shape], [Shape], Int?, Bool)])
    func mayJoinRows(
        _ outlook: JoiningOutlook, _ inputs: [Shape], _ outputs: [Shape], _ maximumRows: Int?, _ expected: Bool
    ) throws {
        func ports(_ shapes: [Shape]) -> [TensorSpecification] {
            shapes.enumerated().map { TensorSpecification(name: "t\($0)", elementType: .float32, shape: $1) }
        }
        let model = ServedModel(
            settings: ModelSettings(name: "m"), queue: try #require(QueueName(model: "m", version: "1")),
            signature: ModelSignature(
                inputs: ports(inputs), outputs: ports(outputs), maximumBatchSize: maximumRows), joining: outlook,
            platform: "onnxruntime_onnx")
        #expect(model.mayJoinRows == expected)
    }
}
