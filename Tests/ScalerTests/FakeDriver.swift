import Clusters
import ScalerCore
import Synchronization

/// A driver whose workers live as long as the test says.
final class FakeDriver: PoolDriver {
    enum Order: Hashable, Sendable {
        case start(String)
        case drain(String)
        case kill(String)
    }

    struct State {
        var orders: [Order] = []
        var started = 0
        var unavailable: String?
        var startFails = false
        /// Workers that leave as soon as they are asked to.
        var leavesAtOnce = true
    }

    let state = Mutex(State())
    let events: AsyncStream<WorkerEvent>
    /// As they come.
    let orders: AsyncStream<Order>
    private let event: AsyncStream<WorkerEvent>.Continuation
    private let order: AsyncStream<Order>.Continuation

    let ordering: WorkerOrdering

    init(_ kind: WorkerOrdering = .oneByOne(.starter)) {
        ordering = kind
        (events, event) = AsyncStream.makeStream(of: WorkerEvent.self)
        (orders, order) = AsyncStream.makeStream(of: Order.self)
    }

    var given: [Order] { state.withLock { $0.orders } }

    /// The worker ends.
    func end(_ worker: String, in pool: String = "cpu", isFailure: Bool = true) {
        event.yield(
            .exited(worker: worker, pool: pool, reason: isFailure ? "signal 9" : "exit status 0", isFailure: isFailure))
    }

    private func note(_ order: Order) {
        state.withLock { $0.orders.append(order) }
        self.order.yield(order)
    }

    // MARK: PoolDriver

    func unavailability(of pool: PoolPlace) -> Unavailability? {
        state.withLock { $0.unavailable }.map { Unavailability($0, .lasting) }
    }

    func start(in pool: PoolPlace) async throws(WorkerDriverError) -> String {
        let (number, fails) = state.withLock { state in
            state.started += 1
            return (state.started, state.startFails)
        }
        if fails { throw WorkerDriverError(.startFailed, "the test does not want it") }
        let worker = "\(pool.name)-\(number)"
        event.yield(.started(worker: worker, pool: pool.name))
        note(.start(worker))
        return worker
    }

    func drain(_ worker: String) async {
        note(.drain(worker))
        if state.withLock({ $0.leavesAtOnce }) { end(worker, isFailure: false) }
    }

    func kill(_ worker: String) async {
        note(.kill(worker))
        end(worker)
    }
}
