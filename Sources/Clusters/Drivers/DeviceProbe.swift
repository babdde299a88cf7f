import Glibc
package import Settings

/// Looks whether this machine has the device that a pool needs.
package struct DeviceProbe: Sendable {
    private let exists: @Sendable (String) -> Bool

    /// - Parameter exists: whether there is a file at a path; by default the machine's own files.
    package init(exists: @escaping @Sendable (String) -> Bool = { access($0, F_OK) == 0 }) { self.exists = exists }

    /// Why a worker of this pool cannot run on this machine; `nil` if it can.
    package func unavailability(of pool: PoolSettings) -> String? {
        switch pool.device {
        case .cpu: nil
        case .gpu where Self.gpuMarks.contains(where: exists): nil
        case .gpu: "no GPU on this machine: neither of \(Self.gpuMarks.joined(separator: ", ")) exists"
        }
    }

    /// Either shows that the NVIDIA driver is loaded and a device visible, also inside a container.
    private static let gpuMarks = ["/dev/nvidia0", "/proc/driver/nvidia/version"]
}
