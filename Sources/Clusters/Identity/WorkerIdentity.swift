import Glibc
import ScalerCore

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
/// `PodWorkerID` is the grammar of those of pods. The first boot leaves an empty file in a folder that lives as long as the pod.
package struct WorkerIdentity: Sendable, Equatable {
    package let id: String
    /// Whether the id was derived from a pod: then it is written to the termination log.
    package let isOfPod: Bool

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
            let first = PodWorkerID.first(pod: pod, uid: uid)
            id =
                isFirstBoot(environment["SPATE_POD_STATE"] ?? "/run/spate")
                ? first : PodWorkerID.later(random(), after: first)
            isOfPod = true
        } else {
            id = "\(pool)-\(random())"
            isOfPod = false
        }
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
