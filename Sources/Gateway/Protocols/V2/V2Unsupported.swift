import HTTPTypes
import NIOCore

/// Triton's extensions that Spate does not offer, in Triton's statuses: a caller can tell them from a wrong URL.
///
/// Source: triton-inference-server `src/http_server.cc` (UNAVAILABLE is 503) and core `model_repository_manager.cc`, whose texts
/// tools look for.
enum V2Unsupported {
    static func reply(to path: V2Path) -> HTTPReply? {
        switch path {
        case .modelControl(let model):
            .error(
                .serviceUnavailable,
                "explicit model load / unload is not allowed: model '\(model.shortened)' cannot be loaded or unloaded by request; the cluster file lists the models"
            )
        case .trace:
            .error(.serviceUnavailable, "the server does not support tracing; GET /metrics on the administration port")
        case .logging:
            .error(
                .serviceUnavailable,
                "the server does not support dynamic logging; the level is logging.level of the cluster file")
        case .sharedMemory(.register):
            .error(
                .notImplemented,
                "shared memory is not supported; send tensors in the request, binary ones are not copied into text")
        // True of a server without regions, and what tools ask for before they begin.
        case .sharedMemory(.status): .json(.ok, ByteBuffer(string: "[]"))
        case .sharedMemory(.unregister): HTTPReply(status: .ok)
        case .root, .live, .ready, .server, .models, .allStatistics, .model, .repositoryIndex: nil
        }
    }
}
