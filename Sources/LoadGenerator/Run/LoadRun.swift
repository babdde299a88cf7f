import NIOCore
import NIOPosix
import Processes
import Time
package import Traffic

/// One run of load against a gateway, from its first call to its report.
///
/// Everything happens on one event loop with its own thread. When the calling task is cancelled the run ends at once
/// and reports what came until then; calls that are open then count as interrupted.
package struct LoadRun: Sendable {
    /// Descriptors for everything that is no connection.
    private static let keptDescriptors = 256

    package enum Load: Sendable {
        /// Calls come when the profile says, whatever became of earlier ones.
        case open(LoadProfile, speed: Double, keeping: ArrivalProfile.Compression)
        /// Each connection makes its next call when the last one is answered.
        case closed(connections: Int, duration: Duration, asynchronousShare: Double)
    }

    private let load: Load
    private let shape: ArrivalProfile?
    let requests: [PreparedRequest]
    let target: LoadTarget
    let admin: LoadTarget?
    private let seed: UInt64
    private let options: LoadOptions
    private let model: String
    private let runID: String
    private let started: String
    /// For the report; may be completed before the run.
    package var environment: RunEnvironment?

    /// Checks everything that can be checked before the first call.
    ///
    /// - Parameters:
    ///   - load: What arrives when.
    ///   - recording: Each call sends one of these, chosen at random.
    ///   - model: Serves all requests, whatever the recording says; `nil`: each recording's own, else the profile's.
    ///   - admin: The gateway's administration port; `nil`: backlog and workers are not observed.
    ///   - seed: Arrivals and choices follow from it.
    ///   - runID: Makes this run's Idempotency-Keys its own.
    ///   - started: When the run begins, ISO 8601, for the report.
    ///   - descriptors: Files that this process may have open at a time.
    ///   - environment: Where and with what it is made, for the report.
    package init(
        load: Load, recording: [RecordedRequest], model: String? = nil, encoding: PreparedRequest.Encoding = .binary,
        target: LoadTarget, admin: LoadTarget?, seed: UInt64, runID: String, started: String,
        environment: RunEnvironment? = nil, options: LoadOptions = LoadOptions(),
        descriptors: Int = DescriptorLimit.current().reachable
    ) throws(LoadError) {
        guard !recording.isEmpty else { throw LoadError("there is no recorded request to send") }
        var options = options
        var (named, deadline) = (model, Duration?.none)
        switch load {
        case .open(let profile, let speed, let compression):
            named = model ?? profile.model
            deadline = profile.deadline
            do throws(ArrivalProfileError) {
                shape = try profile.arrivals.compressed(by: speed, keeping: compression)
            } catch {
                throw LoadError("\(profile.name): \(error.description)")
            }
        case .closed(let connections, let duration, let share):
            guard (1...65_536).contains(connections), duration > .zero, (0...1).contains(share) else {
                throw LoadError(
                    "a closed loop needs 1 to 65536 connections, a duration above 0 and a share from 0 to 1")
            }
            let most = descriptors - Self.keptDescriptors
            guard connections <= most else {
                throw LoadError(
                    "\(connections) connections are more than this process may open: its hard limit is \(descriptors) files (`ulimit -Hn`), which leaves \(max(most, 0)) connections"
                )
            }
            shape = nil
            options.maximumConnections = connections
            options.maximumFollowers = connections
        }
        var recording = recording
        if let model {
            for index in recording.indices {
                recording[index].model = model
                recording[index].version = nil
            }
        }
        var prepared: [PreparedRequest] = []
        prepared.reserveCapacity(recording.count)
        for request in recording {
            prepared.append(
                try PreparedRequest(request, model: named, deadline: deadline, encoding: encoding, target: target))
        }
        options.maximumConnections = min(
            options.maximumConnections, max(1, descriptors - Self.keptDescriptors))
        // Followers never take the connections that new calls need.
        options.maximumFollowers = max(1, min(options.maximumFollowers, options.maximumConnections * 3 / 4))
        self.load = load
        self.requests = prepared
        self.target = target
        self.admin = admin
        self.seed = seed
        self.options = options
        self.model = Set(recording.compactMap { $0.model ?? named }).sorted().joined(separator: ", ")
        self.runID = runID
        self.started = started
        self.environment = environment
    }

    /// The expected number of calls; `nil` in a closed loop.
    package var expectedCalls: Double? { shape?.expectedCalls }

    /// How long calls are sent.
    package var duration: Duration {
        switch load {
        case .open: shape?.duration ?? .zero
        case .closed(_, let duration, _): duration
        }
    }

    /// Runs to the end.
    ///
    /// - Parameter progress: Called about four times a second from the calling task's context.
    /// - Throws: `LoadError` when the target's name cannot be resolved; nothing was sent then.
    package func run(
        progress: (@Sendable (TrafficProgress) async -> Void)? = nil
    ) async throws(LoadError) -> TrafficReport {
        DescriptorLimit.raise()
        let address = try await Self.resolve(target)
        let adminAddress = try await self.adminAddress()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let report = await carryOut(on: group.next(), address, adminAddress, progress)
        // Nothing runs on the group any more; that its threads end is all that could fail.
        try? await group.shutdownGracefully()
        guard let report else { throw LoadError("the run's event loop ended before the run", cause: .service) }
        return report
    }

    private func carryOut(
        on loop: any EventLoop, _ address: SocketAddress, _ adminAddress: SocketAddress?,
        _ progress: (@Sendable (TrafficProgress) async -> Void)?
    ) async -> TrafficReport? {
        // Fails only when the loop was shut down: then there is no run to report.
        let session = try? await loop.submit {
            NIOLoopBound(self.makeSession(loop, address, adminAddress), eventLoop: loop)
        }
        .get()
        guard let session else { return nil }
        return await withTaskGroup(of: Void.self) { group in
            if let progress {
                group.addTask {
                    // Ends by cancellation, which is what makes the sleep throw.
                    while (try? await Task.sleep(for: .milliseconds(250))) != nil {
                        // Likewise.
                        if let state = try? await loop.submit({ session.value.progress() }).get() {
                            await progress(state)
                        }
                    }
                }
            }
            await withTaskCancellationHandler {
                // The session's future never fails.
                try? await loop.flatSubmit { session.value.start() }.get()
            } onCancel: {
                loop.execute { session.value.stop() }
            }
            group.cancelAll()
            let description = description
            // Likewise.
            return try? await loop.submit {
                session.value.recorder.report(
                    description, conclusion: session.value.conclusion, at: session.value.now)
            }.get()
        }
    }

    private func makeSession(
        _ loop: any EventLoop, _ address: SocketAddress, _ adminAddress: SocketAddress?
    ) -> LoadSession {
        var watch: ClusterWatch?
        if let admin, let adminAddress {
            watch = ClusterWatch(
                pool: ConnectionPool(loop: loop, address: adminAddress, maximumConnections: 1), target: admin,
                interval: options.samplingInterval)
        }
        let plan: CallSource.Plan
        var deadline: Duration?
        switch load {
        case .open(let profile, _, _):
            plan = .open(profile, shape ?? profile.arrivals)
            deadline = profile.deadline
        case .closed(let connections, let duration, let share):
            plan = .closed(connections: connections, duration: duration, asynchronousShare: share)
        }
        return LoadSession(
            loop: loop,
            pool: ConnectionPool(loop: loop, address: address, maximumConnections: options.maximumConnections),
            watch: watch, requests: requests,
            source: CallSource(plan: plan, requestCount: requests.count, seed: seed, runID: runID),
            target: target, options: options, deadline: deadline)
    }

    private var description: TrafficReport.Description {
        switch load {
        case .open(let profile, let speed, let compression):
            TrafficReport.Description(
                profile: profile.name, model: model, target: target.description, loop: .open, process: profile.process,
                speed: speed, compression: compression, seed: seed, asynchronousShare: profile.asynchronousShare,
                deadlineSeconds: profile.deadline?.seconds, expectedCalls: shape?.expectedCalls,
                profileStartSeconds: profile.arrivals.start.seconds, started: started, environment: environment)
        case .closed(let connections, _, let share):
            TrafficReport.Description(
                profile: "closed loop", model: model, target: target.description, loop: .closed,
                connections: connections, seed: seed, asynchronousShare: share, started: started,
                environment: environment)
        }
    }

    func adminAddress() async throws(LoadError) -> SocketAddress? {
        guard let admin else { return nil }
        return try await Self.resolve(admin)
    }

    /// Looks the name up on a thread that may block.
    static func resolve(_ target: LoadTarget) async throws(LoadError) -> SocketAddress {
        do {
            return try await NIOThreadPool.singleton.runIfActive {
                try SocketAddress.makeAddressResolvingHost(target.host, port: target.port)
            }
        } catch {
            throw LoadError("\(target): the host's name cannot be resolved", cause: .service)
        }
    }
}
