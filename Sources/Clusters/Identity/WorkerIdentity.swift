import Glibc

/// The id of a worker: unique for each boot, never used again, and known to whoever started it.
///
/// | started by | id | who told it |
/// |---|---|---|
/// | the process driver | `cpu-1f0c…` | `--id` |
/// | the container driver | `cpu-1f0c…` | `SPATE_WORKER_ID` |
/// | Kubernetes, first boot of a pod | `<pod>_<8 digits of its uid>` | the worker and the driver derive it |
/// | Kubernetes, a later boot in the same pod | the same and `_<8 random digits>` | the worker's termination log |
/// | somebody else | `<pool>-<8 random digits>` | nobody |
///
/// Kubernetes restarts a container that ended within its pod, under the same name; an id by the name alone would be used
/// twice. The first boot leaves an empty file in a folder that lives as long as the pod.
package struct WorkerIdentity: Sendable, Equatable {
    package let id: String
    /// Whether the id was derived from a pod: then it is written to the termination log.
    package let isOfPod: Bool

    /// Longest id that a worker takes.
    private static let limit = 128

    /// The id of this process, from its command line and environment.
    ///
    /// - Parameters:
    ///   - given: of the command line; wins.
    ///   - pool: begins an id that is made up.
    ///   - environment: `SPATE_WORKER_ID`; else `SPATE_POD_NAME` and `SPATE_POD_UID` (downward API), with
    ///     `SPATE_POD_STATE` the folder that lives as long as the pod, default `/run/spate`.
    package init(
        given: String?, pool: String, environment: [String: String], isFirstBoot: (_ folder: String) -> Bool = claim,
        random: () -> String = { randomDigits() }
    ) {
        if let id = given ?? environment["SPATE_WORKER_ID"], !id.isEmpty {
            self.id = id
            isOfPod = false
        } else if let pod = environment["SPATE_POD_NAME"], !pod.isEmpty, let uid = environment["SPATE_POD_UID"],
            !uid.isEmpty
        {
            let first = Self.worker(pod: pod, uid: uid)
            id = isFirstBoot(environment["SPATE_POD_STATE"] ?? "/run/spate") ? first : "\(first)_\(random())"
            isOfPod = true
        } else {
            id = "\(pool)-\(random())"
            isOfPod = false
        }
    }

    /// The id of the first worker in a pod. A uid is given once.
    package static func worker(pod: String, uid: String) -> String {
        // Pod names may have 253 characters; their end is what tells them apart.
        "\(pod.suffix(limit - 18))_\(uid.filter { $0 != "-" }.prefix(8))"
    }

    /// Whether the id was made from a pod, of whichever boot.
    package static func isOfPod(_ id: String) -> Bool { beforeDigits(of: id) != nil }

    /// The id of the first worker in the pod where `id` is that of a later boot; `nil` for all other ids.
    package static func firstBoot(of id: String) -> String? {
        // Names of pods do not have the sign, so one more of them is a later boot's.
        beforeDigits(of: id).flatMap { $0.contains("_") ? String($0) : nil }
    }

    /// What stands before `_` and eight hexadecimal digits at the end.
    private static func beforeDigits(of id: String) -> Substring? {
        guard let end = id.lastIndex(of: "_"), end > id.startIndex else { return nil }
        let digits = id[id.index(after: end)...]
        return digits.utf8.count == 8 && digits.allSatisfy(\.isHexDigit) ? id[..<end] : nil
    }

    /// The id that a worker wrote to its termination log, if it is one of this pod.
    package static func id(in log: String, ofBoot first: String) -> String? {
        guard let line = log.split(separator: "\n").first.map(String.init), line.utf8.count <= limit else { return nil }
        return line == first || line.hasPrefix(first + "_") ? line : nil
    }

    /// Writes the id where Kubernetes keeps it for whoever asks how a container ended. Written at the start, it is there
    /// also when the kernel kills the worker. Nothing depends on it but how soon a death is known.
    package func writeTerminationLog(to path: String = "/dev/termination-log") {
        guard isOfPod else { return }
        let file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        _ = Array(id.utf8).withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    }

    /// Makes the file that marks the first boot. - Returns: whether it was not there; false when it cannot be made.
    package static func claim(_ folder: String) -> Bool {
        let file = open(folder + "/booted", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { return false }
        close(file)
        return true
    }

    /// Eight hexadecimal digits.
    package static func randomDigits() -> String {
        let digits = String(UInt32.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}
