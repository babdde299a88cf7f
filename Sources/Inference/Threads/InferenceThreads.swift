import Synchronization

/// Threads of their own for blocking runs, one per instance of a model.
///
/// Neither the event loops nor the cooperative pool ever run a model, so leases are renewed and replies flow
/// however long a batch takes.
package final class InferenceThreads: Sendable {
    /// A run: called on a thread with that thread's instance. It finishes its work there: there is no way back but
    /// what it calls itself.
    package typealias Work = @Sendable (any BackendInstance) -> Void

    /// Work that may wait for one thread. A thread's owner gives it the next when the last is done, so that more is
    /// a fault of the owner's.
    package static let maximumWaiting = 16

    private let lanes: [InferenceThread]

    /// Makes the instances, each on its own thread, and returns when all are made. Blocking.
    /// - Parameter name: of the threads, at most 12 characters.
    package init(count: Int, name: String, backend: any Backend) throws(InferenceError) {
        var lanes: [InferenceThread] = []
        do {
            for index in 0..<max(1, count) {
                lanes.append(try InferenceThread(name: "\(name)-\(index)", backend: backend))
            }
            for lane in lanes { try lane.waitUntilReady() }
        } catch {
            Self.stop(lanes)
            throw error
        }
        self.lanes = lanes
    }

    package var count: Int { lanes.count }

    /// Runs `work` on the thread `index`, after what was given to it before. Never blocks.
    package func run(on index: Int, _ work: @escaping Work) { lanes[index].add(work) }

    /// Lets what was given end, then ends the threads. Blocks for that long. Call it once, and give no work after it;
    /// threads that are not stopped live until the process ends.
    package func stop() { Self.stop(lanes) }

    private static func stop(_ lanes: [InferenceThread]) {
        for lane in lanes { lane.finish() }
        for lane in lanes { lane.join() }
    }
}
