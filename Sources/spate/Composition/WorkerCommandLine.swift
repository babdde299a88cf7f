import Settings

/// How a worker process is started: the same settings as its parent, by file and environment.
struct WorkerCommandLine: Sendable {
    let config: String
    let level: String?
    let format: String?

    init(_ options: ClusterOptions) {
        config = options.config
        level = options.logLevel?.rawValue
        format = options.logFormat?.rawValue
    }

    /// What follows `spate`.
    /// - Parameter config: of the cluster file where the worker runs; `nil`: as here.
    func arguments(pool: String, worker: String, config: String? = nil) -> [String] {
        var arguments = ["worker", "--config", config ?? self.config, "--pool", pool, "--id", worker]
        if let level { arguments += ["--log-level", level] }
        if let format { arguments += ["--log-format", format] }
        return arguments
    }
}
