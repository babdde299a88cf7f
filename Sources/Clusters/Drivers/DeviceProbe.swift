import Glibc
package import ScalerCore
package import Settings

/// Looks whether this machine has the device that a pool's workers need.
package struct DeviceProbe: Sendable {
    private let exists: @Sendable (String) -> Bool

    /// - Parameter exists: whether there is a file at a path; by default the machine's own files.
    package init(exists: @escaping @Sendable (String) -> Bool = { access($0, F_OK) == 0 }) { self.exists = exists }

    /// Why a worker that needs this device cannot run on this machine; `nil` if it can.
    package func unavailability(of device: PoolSettings.Device) -> String? {
        switch device {
        case .cpu: nil
        case .gpu where Self.gpuMarks.contains(where: exists): nil
        case .gpu: "no GPU on this machine: neither of \(Self.gpuMarks.joined(separator: ", ")) exists"
        }
    }

    /// The same of a pool: what the machine has not, it has not for long.
    package func unavailability(of pool: PoolPlace) -> Unavailability? {
        unavailability(of: pool.device).map { Unavailability($0, .lasting) }
    }

    /// Either shows that the NVIDIA driver is loaded and a device visible, also inside a container.
    private static let gpuMarks = ["/dev/nvidia0", "/proc/driver/nvidia/version"]
}
