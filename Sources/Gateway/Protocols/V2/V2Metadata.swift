import Foundation
import NIOCore
import Tensors

/// The protocol's descriptions of server and models, as JSON.
enum V2Metadata {
    private struct Server: Encodable {
        var name: String
        var version: String
        var extensions: [String]
    }

    private struct Model: Encodable {
        var name: String
        var versions: [String]
        var platform: String
        var inputs: [Port]
        var outputs: [Port]
        /// Of Spate's own: whether requests are joined, and why.
        var parameters: [String: String]
    }

    private struct Port: Encodable {
        var name: String
        var datatype: String
        var shape: [Int]
        /// Of Spate's own, for a tensor whose model gives no shape: `[]` is no scalar then.
        var parameters: [String: String]?

        init(_ specification: TensorSpecification) {
            name = specification.name
            datatype = specification.elementType.name
            shape = specification.shape.dimensions
            switch specification.rank {
            case .known: parameters = nil
            case .unknown: parameters = ["rank": "unknown"]
            }
        }
    }

    static func server(version: String) -> ByteBuffer {
        encode(
            Server(
                name: "spate", version: version,
                extensions: [
                    "binary_tensor_data", "classification", "model_configuration",
                    "schedule_policy", "statistics",
                ]))
    }

    /// The answer to somebody who only knows the port.
    static func root(version: String) -> ByteBuffer {
        struct Root: Encodable {
            var name = "spate"
            var version: String
            var protocols = ["Open Inference Protocol V2 over HTTP"]
            var links = [
                "server": "/v2", "models": "/v2/models", "ready": "/v2/health/ready", "live": "/v2/health/live",
                "infer": "/v2/models/{model}/infer", "job": "/v2/jobs/{id}",
            ]
        }
        return encode(Root(version: version))
    }

    static func models(_ names: [String]) -> ByteBuffer { encode(["models": names]) }

    static func model(
        name: String, versions: [String], platform: String, signature: ModelSignature, joining: KnownJoining
    ) -> ByteBuffer {
        encode(
            Model(
                name: name, versions: versions, platform: platform, inputs: signature.inputs.map(Port.init),
                outputs: signature.outputs.map(Port.init),
                parameters: ["joining": joining.word, "joining_reason": joining.reason]))
    }

    static func modelReady(name: String, isReady: Bool) -> ByteBuffer {
        struct Ready: Encodable {
            var name: String
            var ready: Bool
        }
        return encode(Ready(name: name, ready: isReady))
    }

    /// - Parameter models: each with why it cannot be served, where that is so.
    static func repositoryIndex(_ models: [(name: String, version: String, reason: String?)]) -> ByteBuffer {
        struct Entry: Encodable {
            var name: String
            var version: String
            var state: String
            var reason: String
        }
        return encode(
            models.map { model in
                Entry(
                    name: model.name, version: model.version, state: model.reason == nil ? "READY" : "UNAVAILABLE",
                    reason: model.reason ?? "")
            })
    }

    /// The members of Triton's model configuration that clients read.
    ///
    /// - Parameter maximumRows: of a batch; `nil` for a model whose requests run whole: all its dimensions are listed then.
    static func config(
        name: String, platform: String, signature: ModelSignature, maximumRows: Int?, joining: KnownJoining,
        maximumDelay: Duration
    ) -> ByteBuffer {
        struct ConfigPort: Encodable {
            var name: String
            var data_type: String
            var dims: [Int]
        }
        struct Config: Encodable {
            var name: String
            var platform: String
            var backend: String
            var max_batch_size: Int
            var input: [ConfigPort]
            var output: [ConfigPort]
            var dynamic_batching: [String: Int64]?
            var parameters: [String: Parameter]
            var model_transaction_policy = ["decoupled": false]
        }
        struct Parameter: Encodable {
            var string_value: String
        }
        func ports(_ specifications: [TensorSpecification]) -> [ConfigPort] {
            specifications.map { specification in
                let type = specification.elementType == .bytes ? "STRING" : specification.elementType.name
                let dimensions = specification.shape.dimensions
                return ConfigPort(
                    name: specification.name, data_type: "TYPE_" + type,
                    dims: maximumRows == nil ? dimensions : Array(dimensions.dropFirst()))
            }
        }
        return encode(
            Config(
                name: name, platform: platform, backend: platform == "onnxruntime_onnx" ? "onnxruntime" : "synthetic",
                max_batch_size: maximumRows ?? 0, input: ports(signature.inputs),
                output: ports(signature.outputs),
                dynamic_batching: maximumRows == nil
                    ? nil
                    : ["max_queue_delay_microseconds": Int64(maximumDelay / .microseconds(1))],
                parameters: [
                    "joining": Parameter(string_value: joining.word),
                    "joining_reason": Parameter(string_value: joining.reason),
                ]))
    }

    static func statistics(_ models: [V2Statistics]) -> ByteBuffer { encode(["model_stats": models]) }

    private static func encode(_ value: some Encodable) -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // These types hold nothing that JSON cannot express.
        return ByteBuffer(bytes: (try? encoder.encode(value)) ?? Data("{}".utf8))
    }
}
