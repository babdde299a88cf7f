/// What the driver reads and writes of Kubernetes objects, as small as it can be. All that is read is optional: servers
/// leave out what is empty.
enum KubernetesValues {
    struct Metadata: Codable, Sendable, Equatable {
        var name: String?
        var uid: String?
        var resourceVersion: String?
        var annotations: [String: String]?
        var deletionTimestamp: String?
    }

    // MARK: scale, autoscaling/v1

    struct Scale: Decodable, Sendable {
        struct Spec: Decodable, Sendable { var replicas: Int? }
        struct Status: Decodable, Sendable { var selector: String? }
        var metadata: Metadata?
        var spec: Spec?
        var status: Status?
    }

    struct ScalePatch: Encodable {
        struct Version: Encodable { var resourceVersion: String? }
        struct Spec: Encodable { var replicas: Int }
        var metadata: Version
        var spec: Spec
    }

    // MARK: pods, v1

    struct PodList: Decodable, Sendable {
        struct Meta: Decodable, Sendable { var resourceVersion: String? }
        var metadata: Meta?
        var items: [Pod]?
    }

    struct Pod: Decodable, Sendable, Equatable {
        var metadata: Metadata?
        var status: Status?

        struct Status: Decodable, Sendable, Equatable {
            /// Pending, Running, Succeeded, Failed, Unknown.
            var phase: String?
            var reason: String?
            var message: String?
            var containerStatuses: [Container]?
        }
        struct Container: Decodable, Sendable, Equatable {
            var name: String?
            var ready: Bool?
            var restartCount: Int?
            var state: State?
            var lastState: State?
        }
        struct State: Decodable, Sendable, Equatable {
            var waiting: Waiting?
            var terminated: Terminated?
        }
        struct Waiting: Decodable, Sendable, Equatable {
            var reason: String?
            var message: String?
        }
        struct Terminated: Decodable, Sendable, Equatable {
            var exitCode: Int32?
            var signal: Int32?
            var reason: String?
            /// What the container wrote to its termination log: a worker writes its id there when it begins.
            var message: String?
        }
    }

    struct Event: Decodable, Sendable {
        /// ADDED, MODIFIED, DELETED, BOOKMARK, ERROR.
        var type: String?
        var object: Pod?
    }

    /// The object of an event ERROR.
    struct ErrorEvent: Decodable, Sendable {
        struct Status: Decodable, Sendable {
            var code: Int?
            var message: String?
        }
        var object: Status?
    }

    /// Sets or, with `nil`, removes annotations.
    struct AnnotationPatch: Encodable {
        struct Meta: Encodable { var annotations: [String: String?] }
        var metadata: Meta

        init(_ annotations: [String: String?]) { metadata = Meta(annotations: annotations) }
    }

    struct DeleteOptions: Encodable {
        struct Preconditions: Encodable { var uid: String? }
        var apiVersion = "v1"
        var kind = "DeleteOptions"
        var gracePeriodSeconds: Int
        var preconditions: Preconditions
    }
}
