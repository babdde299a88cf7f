import FoundationEssentials
import Time

/// A Lease as it travels. Source: Kubernetes `coordination.k8s.io/v1`.
struct LeaseObject: Codable, Sendable {
    struct Metadata: Codable, Sendable {
        var name: String?
        var uid: String?
        /// Sent back, so that a write over another's change is refused.
        var resourceVersion: String?
    }
    struct Spec: Codable, Sendable {
        var holderIdentity: String?
        var leaseDurationSeconds: Int?
        var acquireTime: String?
        var renewTime: String?
        var leaseTransitions: Int?
    }
    var apiVersion: String?
    var kind: String?
    var metadata: Metadata
    var spec: Spec?

    init(_ name: String, _ record: LeaseRecord, over lease: LeaseObject? = nil) {
        apiVersion = "coordination.k8s.io/v1"
        kind = "Lease"
        metadata = Metadata(name: name, resourceVersion: lease?.metadata.resourceVersion)
        spec = Spec(
            holderIdentity: record.holder, leaseDurationSeconds: record.durationSeconds,
            acquireTime: record.acquireTime, renewTime: record.renewTime, leaseTransitions: record.transitions)
    }

    var record: LeaseRecord {
        LeaseRecord(
            holder: spec?.holderIdentity, durationSeconds: spec?.leaseDurationSeconds ?? 1,
            acquireTime: spec?.acquireTime, renewTime: spec?.renewTime, transitions: spec?.leaseTransitions ?? 0)
    }

    /// A MicroTime: `2026-11-21T08:30:00.000000Z`.
    static func stamp(_ time: Timestamp) -> String {
        let date = Date(timeIntervalSince1970: Double(time.microseconds / 1_000_000))
        let seconds = date.formatted(.iso8601).dropLast()
        let micros = String(time.microseconds % 1_000_000)
        return "\(seconds).\(String(repeating: "0", count: 6 - micros.count))\(micros)Z"
    }
}
