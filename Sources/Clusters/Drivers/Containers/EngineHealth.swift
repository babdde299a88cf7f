import Settings

/// What stands in the way of starting containers, as far as it was looked at.
struct EngineHealth: Sendable {
    /// The engine itself.
    var engine: String?
    /// By pool.
    var images: [String: String] = [:]
    /// The engine's GPUs; `nil`: not looked at yet.
    var gpus: String?

    func problem(of pool: PoolPlace) -> String? {
        if let engine { return engine }
        if let image = images[pool.name] { return image }
        return pool.device == .gpu ? gpus : nil
    }

    /// Why an engine with these facts cannot give a GPU to a container; `nil` if it can.
    ///
    /// The NVIDIA toolkit shows as a runtime of that name or as devices that the engine discovered; an engine on this
    /// machine without either may still have them by its own configuration, when the machine has the driver.
    static func gpuProblem(_ facts: EngineValues.Facts, probe: DeviceProbe) -> String? {
        if facts.Runtimes?["nvidia"] != nil || facts.DiscoveredDevices?.isEmpty == false { return nil }
        guard let missing = probe.unavailability(of: .gpu) else { return nil }
        return "the engine has neither a runtime `nvidia` nor discovered devices, and there is \(missing)"
    }
}
