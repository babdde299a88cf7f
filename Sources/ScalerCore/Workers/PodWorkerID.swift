/// The ids of workers in pods: made from the pod by the worker and by whoever watches the pod, so that both have the same.
///
/// | boot | id |
/// |---|---|
/// | the first of a pod | `<pod>_<8 digits of its uid>` |
/// | a later one in the same pod | the same and `_<8 random digits>` |
///
/// Kubernetes restarts a container that ended within its pod, under the same name; an id by the name alone would be used
/// twice.
package enum PodWorkerID {
    /// Longest id that a worker takes, in bytes.
    package static let limit = 128

    /// The id of the first worker in a pod. A uid is given once.
    package static func first(pod: String, uid: String) -> String {
        // Pod names may have 253 characters; their end is what tells them apart.
        "\(pod.suffix(limit - 18))_\(uid.filter { $0 != "-" }.prefix(8))"
    }

    /// The id of a later worker in the pod.
    /// - Parameter digits: eight hexadecimal ones that no other boot has.
    package static func later(_ digits: String, after first: String) -> String { "\(first)_\(digits)" }

    /// Whether the id was made from a pod, of whichever boot.
    package static func isOne(_ id: String) -> Bool { beforeDigits(of: id) != nil }

    /// The id of the first worker in the pod where `id` is that of a later boot; `nil` for all other ids.
    package static func firstBoot(of id: String) -> String? {
        // Names of pods do not have the sign, so one more of them is a later boot's.
        beforeDigits(of: id).flatMap { $0.contains("_") ? String($0) : nil }
    }

    /// The id that a worker wrote to its termination log, if it is one of the pod whose first worker is `first`.
    package static func id(in log: String, ofBoot first: String) -> String? {
        guard let line = log.split(separator: "\n").first.map(String.init), line.utf8.count <= limit else { return nil }
        return line == first || line.hasPrefix(first + "_") ? line : nil
    }

    /// What stands before `_` and eight hexadecimal digits at the end.
    private static func beforeDigits(of id: String) -> Substring? {
        guard let end = id.lastIndex(of: "_"), end > id.startIndex else { return nil }
        let digits = id[id.index(after: end)...]
        return digits.utf8.count == 8 && digits.allSatisfy(\.isHexDigit) ? id[..<end] : nil
    }
}
