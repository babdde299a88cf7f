import GRPCCore
import SwiftProtobuf

/// The five calls of a KEDA external scaler.
///
/// The metric of a pool is the worker count that the policy wants, and its target is 1 with metric type AverageValue, so
/// that the Horizontal Pod Autoscaler behind KEDA computes `ceil(count / 1)`: the policy decides, not the autoscaler.
/// Where there is no fresh count the call fails with UNAVAILABLE, and KEDA's fallback acts.
///
/// Source: KEDA's `externalscaler.proto` and its caller, `external_scaler.go`.
struct ScalerCalls: Externalscaler_ExternalScaler.SimpleServiceProtocol {
    let board: DesiredCountBoard

    func isActive(
        request: Externalscaler_ScaledObjectRef, context: ServerContext
    ) async throws -> Externalscaler_IsActiveResponse {
        let count = try count(of: pool(request))
        return .with { $0.result = count.isActive }
    }

    func getMetricSpec(
        request: Externalscaler_ScaledObjectRef, context: ServerContext
    ) async throws -> Externalscaler_GetMetricSpecResponse {
        // Needs no count: KEDA makes the autoscaler from it, also before the first decision.
        try spec(of: knownPool(request))
    }

    func getMetrics(
        request: Externalscaler_GetMetricsRequest, context: ServerContext
    ) async throws -> Externalscaler_GetMetricsResponse {
        let pool = try knownPool(request.scaledObjectRef)
        let name = MetricName.of(pool)
        guard request.metricName.isEmpty || request.metricName == name else {
            throw RPCError.unknownMetric(request.metricName, expected: name, pool: pool)
        }
        let count = try count(of: pool)
        return .with { response in
            response.metricValues = [
                .with { value in
                    value.metricName = name
                    // KEDA reads the float if it is above 0, else the integer: both say the same, also for 0.
                    value.metricValue = Int64(count.count)
                    value.metricValueFloat = Double(count.count)
                }
            ]
        }
    }

    // MARK: Streams

    func streamIsActive(
        request: Externalscaler_ScaledObjectRef, response: RPCWriter<Externalscaler_IsActiveResponse>,
        context: ServerContext
    ) async throws {
        let pool = pool(request)
        try await follow(pool) { last in
            let isActive = try count(of: pool).isActive
            guard isActive != last else { return last }
            try await response.write(.with { $0.result = isActive })
            return isActive
        }
    }

    func streamMetricSpec(
        request: Externalscaler_ScaledObjectRef, response: RPCWriter<Externalscaler_GetMetricSpecResponse>,
        context: ServerContext
    ) async throws {
        let pool = try knownPool(request)
        try await follow(pool) { (last: Externalscaler_GetMetricSpecResponse?) in
            let spec = spec(of: pool)
            guard spec != last else { return last }
            try await response.write(spec)
            return spec
        }
    }

    /// Calls `tell` now and after every change of the pool, until the caller or the server ends the call.
    /// - Parameter tell: takes and returns what was sent last.
    private func follow<Sent: Sendable>(
        _ pool: String, _ tell: @Sendable (Sent?) async throws -> Sent?
    ) async throws {
        let watch = try watch(pool)
        defer { board.unwatch(watch) }
        // The task of a call is not cancelled when the caller goes away; this handler is what tells.
        try await withRPCCancellationHandler {
            var last = try await tell(nil)
            for await _ in watch.signals { last = try await tell(last) }
        } onCancelRPC: {
            watch.end()
        }
        // The signals ended: the pool is gone, the server ends, or nobody is there to hear.
        try check(pool)
    }

    // MARK: What is asked for

    private func count(of pool: String) throws(RPCError) -> DesiredCount {
        do { return try board.count(of: pool) } catch { throw RPCError(error, pool: pool) }
    }

    private func check(_ pool: String) throws(RPCError) {
        do { try board.check(pool) } catch { throw RPCError(error, pool: pool) }
    }

    private func watch(_ pool: String) throws(RPCError) -> DesiredCountBoard.Watch {
        do { return try board.watch(pool) } catch { throw RPCError(error, pool: pool) }
    }

    private func knownPool(_ object: Externalscaler_ScaledObjectRef) throws(RPCError) -> String {
        let pool = pool(object)
        try check(pool)
        return pool
    }

    /// An absent name is an unknown pool: the refusal lists those that are known.
    private func pool(_ object: Externalscaler_ScaledObjectRef) -> String { object.scalerMetadata["pool"] ?? "" }

    private func spec(of pool: String) -> Externalscaler_GetMetricSpecResponse {
        .with { response in
            response.metricSpecs = [
                .with { spec in
                    spec.metricName = MetricName.of(pool)
                    spec.targetSize = 1
                    spec.targetSizeFloat = 1
                }
            ]
        }
    }
}
