import Foundation
import GatewayCore
import Jobs
import NIOCore
import Random
import Tensors
import Testing
import TestKit
import Time

@testable import Gateway

@Suite struct V2MetadataTests {
    private func document(_ body: ByteBuffer) throws -> NSDictionary {
        try #require(try JSONSerialization.jsonObject(with: Data(body.readableBytesView)) as? NSDictionary)
    }

    @Test("describes the server with the extensions that clients look for")
    func describesServer() throws {
        let server = try document(V2Metadata.server(version: "1.2"))
        #expect(server["name"] as? String == "spate")
        #expect(server["version"] as? String == "1.2")
        let extensions = try #require(server["extensions"] as? [String])
        #expect(Set(["binary_tensor_data", "classification", "statistics"]).isSubset(of: extensions))
    }

    @Test("describes a model with the batch dimension in its shapes")
    func describesModel() throws {
        let model = try document(
            V2Metadata.model(
                name: "m", versions: ["3"], platform: "onnxruntime_onnx", signature: V2Samples.image,
                joining: .unknown("nobody knows")))
        #expect(
            model == [
                "name": "m", "versions": ["3"], "platform": "onnxruntime_onnx",
                "inputs": [["name": "x", "datatype": "FP32", "shape": [-1, 3]]],
                "outputs": [
                    ["name": "y", "datatype": "FP32", "shape": [-1, 2]],
                    ["name": "label", "datatype": "INT64", "shape": [-1]],
                ],
                "parameters": ["joining": "unknown", "joining_reason": "nobody knows"],
            ])
        #expect(try document(V2Metadata.modelReady(name: "m", isReady: true)) == ["name": "m", "ready": true])
    }

    @Test("configures a batching model without, and another with its first dimension")
    func describesConfiguration() throws {
        let batching = try document(
            V2Metadata.config(
                name: "m", platform: "onnxruntime_onnx", signature: V2Samples.image, maximumRows: 64,
                joining: .rows("proven"), maximumDelay: .milliseconds(2)))
        #expect(
            batching["parameters"] as? NSDictionary
                == ["joining": ["string_value": "rows"], "joining_reason": ["string_value": "proven"]])
        #expect(batching["max_batch_size"] as? Int == 64)
        #expect(batching["input"] as? NSArray == [["name": "x", "data_type": "TYPE_FP32", "dims": [3]]])
        #expect(batching["dynamic_batching"] as? NSDictionary == ["max_queue_delay_microseconds": 2_000])
        #expect(batching["model_transaction_policy"] as? NSDictionary == ["decoupled": false])
        let alone = try document(
            V2Metadata.config(
                name: "m", platform: "synthetic", signature: V2Samples.signature(of: .bytes), maximumRows: nil,
                joining: .none("asked"), maximumDelay: .zero))
        #expect(alone["max_batch_size"] as? Int == 0)
        #expect(alone["dynamic_batching"] == nil)
        #expect(alone["input"] as? NSArray == [["name": "x", "data_type": "TYPE_STRING", "dims": [-1]]])
    }

    @Test("counts in nanoseconds, under every key that perf_analyzer reads")
    func countsStatistics() throws {
        let queue = try #require(QueueName(model: "m", version: "1"))
        var totals = CallTotals()
        totals.succeeded = 4
        totals.failed = 1
        totals.rows = 8
        totals.endToEnd = .milliseconds(40)
        totals.queueWait = .milliseconds(10)
        totals.batchWait = .milliseconds(2)
        totals.compute = .milliseconds(20)
        totals.lastSettled = Timestamp(microseconds: 5_000_123)
        totals.runs = [4: .init(count: 1.999, compute: .milliseconds(10))]
        let all = try document(V2Metadata.statistics([V2Statistics(queue, totals)]))
        let model = try #require((all["model_stats"] as? [NSDictionary])?.first)
        #expect(model["name"] as? String == "m")
        #expect(model["version"] as? String == "1")
        #expect(model["last_inference"] as? Int == 5_000)
        #expect(model["inference_count"] as? Int == 8)
        #expect(model["execution_count"] as? Int == 2)
        #expect(model["response_stats"] as? NSDictionary == [:])
        #expect(model["memory_usage"] as? NSArray == [])
        let stats = try #require(model["inference_stats"] as? [String: NSDictionary])
        #expect(
            Set(stats.keys) == [
                "success", "fail", "queue", "compute_input", "compute_infer", "compute_output", "cache_hit",
                "cache_miss",
            ])
        #expect(stats["success"] == ["count": 4, "ns": 40_000_000])
        #expect(stats["queue"] == ["count": 4, "ns": 12_000_000])
        #expect(stats["compute_infer"] == ["count": 4, "ns": 20_000_000])
        #expect(stats["cache_hit"] == ["count": 0, "ns": 0])
        let batch = try #require((model["batch_stats"] as? [NSDictionary])?.first)
        #expect(batch["batch_size"] as? Int == 4)
        #expect(batch["compute_infer"] as? NSDictionary == ["count": 2, "ns": 10_000_000])
        #expect(batch["compute_input"] as? NSDictionary == ["count": 2, "ns": 0])
        #expect(batch["compute_output"] as? NSDictionary == ["count": 2, "ns": 0])
    }
}

@Suite struct V2EchoFormatTests {
    @Test("writes the bytes of format 1, which no change may alter")
    func writesGoldenBytes() throws {
        var request = V2Request()
        request.id = "é"
        request.isBinaryByDefault = true
        request.outputs = [
            .init(name: "a", isBinary: true, classes: 258), .init(name: "b", isBinary: false), .init(name: ""),
        ]
        var bytes = ByteBuffer()
        V2Echo(request).encode(into: &bytes)
        #expect(
            Array(bytes.readableBytesView) == [
                1, 3, 2, 0, 0xC3, 0xA9, 3, 0,
                1, 0, 0x61, 2, 2, 1, 0, 0,
                1, 0, 0x62, 1, 0, 0, 0, 0,
                0, 0, 0, 0, 0, 0, 0,
            ])
    }

    @Test("never traps on corrupted bytes")
    func survivesCorruption() throws {
        var random = SeededGenerator()
        var request = V2Request()
        request.id = "request"
        request.outputs = [.init(name: "probabilities", isBinary: true, classes: 3)]
        var golden = ByteBuffer()
        V2Echo(request).encode(into: &golden)
        for _ in 0..<20_000 {
            var bytes = golden
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes.setInteger(
                    UInt8.random(in: 0...255, using: &random),
                    at: Int.random(in: 0..<bytes.readableBytes, using: &random))
            }
            guard let echo = try? V2Echo.decode(bytes) else { continue }
            var again = ByteBuffer()
            echo.encode(into: &again)
            #expect(try V2Echo.decode(again) == echo, "seed \(random.seed)")
        }
    }
}

@Suite struct V2ClassificationTests {
    @Test(
        "refuses an output whose shape lies, whatever it claims",
        arguments: [[Int.max, 1], [.max, .max], [3], [-1, 2], [2, 3]] as [[Int]])
    func refusesDishonestShapes(dimensions: [Int]) {
        let tensor = Tensor(
            name: "y", elementType: .float32, shape: Shape(dimensions), bytes: ByteBuffer(repeating: 0, count: 8))
        #expect(
            throws: OutcomeEncodingError.malformed("output 'y' has not the elements of its shape \(tensor.shape)")
        ) { try V2Classification.classify(tensor, top: 1, labels: []) }
    }

    @Test("classifies no rows, and rows of nothing, as nothing", arguments: [[0, 10], [4, 0], [0]] as [[Int]])
    func classifiesNothing(dimensions: [Int]) throws {
        let tensor = Tensor(name: "y", elementType: .int8, shape: Shape(dimensions), bytes: ByteBuffer())
        let classes = try V2Classification.classify(tensor, top: 3, labels: [])
        #expect(classes.elementType == .bytes)
        try classes.validate()
    }

    @Test("says that text cannot be classified")
    func refusesText() {
        let tensor = Tensor(name: "y", elementType: .bytes, shape: [0], bytes: ByteBuffer())
        #expect(
            throws: OutcomeEncodingError.malformed(
                "output 'y' of BYTES cannot be classified; classification takes numbers")
        ) { try V2Classification.classify(tensor, top: 1, labels: []) }
    }
}
