import Jobs

/// The names that pools, models and versions may have.
enum SettingsNames {
    /// Pools and versions; a model's name may hold dots besides.
    static func isValid(_ name: String) -> Bool { QueueName(model: "m", version: name) != nil }

    static func isValid(model name: String) -> Bool {
        // Names are folders too.
        QueueName(model: name, version: "1") != nil && !name.hasPrefix(".")
    }

    static func problem(_ name: String) -> String {
        "'\(name)' is no name; allowed: 1 to 128 characters of A-Z a-z 0-9 _ -"
    }

    static func problem(model name: String) -> String {
        "'\(name)' is no name of a model; allowed: 1 to 128 characters of A-Z a-z 0-9 _ - and, except first, ."
    }
}
