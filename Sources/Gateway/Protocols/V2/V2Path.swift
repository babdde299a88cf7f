import HTTPTypes

/// The paths of Open Inference Protocol V2.
///
/// Names are percent-decoded (tritonclient encodes them); a base path is not expected here.
enum V2Path: Equatable {
    /// Who is here, for a browser.
    case root
    case live
    case ready
    case server
    case models
    case allStatistics
    case model(String, version: String?, Action)
    case repositoryIndex
    /// Loading or unloading a model on request.
    case modelControl(String)
    case trace
    case logging
    case sharedMemory(SharedMemory)

    enum SharedMemory: String {
        case status
        case register
        case unregister
    }

    enum Action: String, Equatable {
        case metadata
        case ready
        case infer
        case config
        case stats
    }

    /// `nil` for any other path.
    init?(_ path: String) {
        if path == "/" || path.isEmpty {
            self = .root
            return
        }
        if let model = Self.plainlyInferred(path) {
            self = .model(model, version: nil, .infer)
            return
        }
        let parts = path.split(separator: "/", omittingEmptySubsequences: true).map(\.percentDecoded)
        guard let first = parts.first, first == "v2" else { return nil }
        switch (parts.count, parts.dropFirst().first) {
        case (1, _): self = .server
        case (3, "health") where parts[2] == "live": self = .live
        case (3, "health") where parts[2] == "ready": self = .ready
        case (2, "models"): self = .models
        case (3, "models") where parts[2] == "stats": self = .allStatistics
        case (3, "models"): self = .model(parts[2], version: nil, .metadata)
        case (4, "models"):
            guard let action = Self.action(parts[3]) else { return nil }
            self = .model(parts[2], version: nil, action)
        case (5, "models") where parts[3] == "versions": self = .model(parts[2], version: parts[4], .metadata)
        case (6, "models") where parts[3] == "versions":
            guard let action = Self.action(parts[5]) else { return nil }
            self = .model(parts[2], version: parts[4], action)
        case (3, "repository") where parts[2] == "index": self = .repositoryIndex
        default:
            guard let other = Self.unsupported(Array(parts.dropFirst())) else { return nil }
            self = other
        }
    }

    /// The model of `/v2/models/NAME/infer` where nothing needs decoding: the path of nearly every request, without a list of parts.
    private static func plainlyInferred(_ path: String) -> String? {
        let (prefix, suffix) = ("/v2/models/".utf8, "/infer".utf8)
        let bytes = path.utf8
        guard bytes.count > prefix.count + suffix.count, bytes.starts(with: prefix),
            bytes.suffix(suffix.count).elementsEqual(suffix)
        else { return nil }
        let name = path[
            bytes.index(bytes.startIndex, offsetBy: prefix.count)..<bytes.index(bytes.endIndex, offsetBy: -suffix.count)
        ]
        guard !name.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "%") }) else { return nil }
        return String(name)
    }

    /// Triton's extensions that are not offered; told apart from paths that nobody knows. `parts` without `v2`.
    private static func unsupported(_ parts: [String]) -> V2Path? {
        switch (parts.first, parts.count, parts.last) {
        case ("repository", 4, "load"), ("repository", 4, "unload"):
            parts[1] == "models" ? .modelControl(parts[2]) : nil
        case ("trace", 2, "setting"): .trace
        case ("models", _, "setting") where parts.count >= 4 && parts[parts.count - 2] == "trace": .trace
        case ("logging", 1, _): .logging
        case ("systemsharedmemory", 2, let action?), ("cudasharedmemory", 2, let action?):
            SharedMemory(rawValue: action).map { .sharedMemory($0) }
        case ("systemsharedmemory", 4, let action?), ("cudasharedmemory", 4, let action?):
            parts[1] == "region" ? SharedMemory(rawValue: action).map { .sharedMemory($0) } : nil
        default: nil
        }
    }

    /// The methods that the path has; HEAD goes with GET.
    var methods: [HTTPRequest.Method] {
        switch self {
        case .root, .live, .ready, .server, .models, .allStatistics: [.get]
        case .model(_, _, .infer), .repositoryIndex, .modelControl: [.post]
        case .model: [.get]
        case .trace, .logging: [.get, .post]
        case .sharedMemory(.status): [.get]
        case .sharedMemory: [.post]
        }
    }

    private static func action(_ name: String) -> Action? {
        name == Action.metadata.rawValue ? nil : Action(rawValue: name)
    }
}
