import Inference
import Jobs
import Logging
import RedisQueue
import Settings

/// This process's place among those of its cluster.
struct ClusterPlace: Sendable {
    /// Tells the cluster from every other, also one of the same name on another Redis.
    let identity: String
    private let keeper: Task<Void, Never>

    /// Keeps the place; to be run until the process ends.
    var service: LoopService { LoopService { await keep() } }

    /// Keeps the place until the task is cancelled.
    func keep() async {
        await withTaskCancellationHandler {
            await keeper.value
        } onCancel: {
            keeper.cancel()
        }
    }

    enum Role: Sendable {
        /// It answers calls of every model.
        case gateway
        /// It only has to know which models there are.
        case scaler
        case worker(pool: String)

        fileprivate func serves(_ model: ModelSettings) -> Bool {
            switch self {
            case .gateway, .scaler: true
            case .worker(let pool): model.pools.contains(pool)
            }
        }

        fileprivate var scope: ClusterMember.Scope {
            switch self {
            case .gateway, .scaler: .whole
            case .worker: .part
            }
        }
    }

    /// Set by `spate up` for its workers where nobody else can reach its Redis.
    static let soleVariable = "SPATE_SOLE"

    /// Reads the digests of the models' files and enters the cluster.
    ///
    /// - Parameter id: unique per boot.
    /// - Throws: `QueueError` when others of the cluster's name have other models.
    static func enter(
        _ settings: ClusterSettings, id: String, as role: Role, company: ClusterMember.Company = .shared,
        _ connections: RedisConnections
    ) async throws -> ClusterPlace {
        var models: [QueueName: String] = [:]
        for model in settings.models where role.serves(model) {
            guard let queue = model.queue else { continue }
            models[queue] = digest(of: model, in: settings.repository, for: role, company)
        }
        let membership = ClusterMembership(
            connections,
            member: ClusterMember(
                id: id, revision: settings.cluster.revision, scope: role.scope,
                // Who enters as the sole one clears the place of what was there; a worker is never the first.
                company: role.scope == .whole ? company : .shared, models: models))
        // Unstructured: it begins before the group of services does, whose service then stands for it.
        let keeper = Task { await membership.run() }
        do {
            return ClusterPlace(identity: try await membership.enter(), keeper: keeper)
        } catch {
            keeper.cancel()
            await keeper.value
            throw error
        }
    }

    /// Empty where the files are not read: workers of a `spate up` whose Redis nobody else can reach are of its cluster whatever
    /// their files are, so that a file which was mended meanwhile is taken.
    private static func digest(
        of model: ModelSettings, in repository: String, for role: Role, _ company: ClusterMember.Company
    ) -> String {
        switch (role, company) {
        case (.scaler, _), (.worker, .sole): return ""
        case (.gateway, _), (.worker, .shared): break
        }
        switch model.backend {
        case .synthetic: return "synthetic"
        case .onnxruntime: return ModelRepository(path: repository).digest(of: model) ?? ""
        }
    }
}
