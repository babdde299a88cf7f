/// Where and with what a run was made, so that its figures can be compared a month later.
package struct RunEnvironment: Sendable, Equatable, Codable {
    /// Of the program that made the run.
    package var version: String
    /// Of its source, where it is known.
    package var commit: String?
    /// Host, system and processor in words.
    package var machine: String
    /// Processors that this process may use.
    package var cores: Int
    package var memoryBytes: Int?
    /// The command, as it was typed.
    package var command: String
    /// The cluster file, where the run started its own cluster.
    package var config: String?
    /// What the service says that it is, where it says so.
    package var service: String?

    package init(
        version: String, commit: String? = nil, machine: String, cores: Int, memoryBytes: Int? = nil, command: String,
        config: String? = nil, service: String? = nil
    ) {
        self.version = version
        self.commit = commit
        self.machine = machine
        self.cores = cores
        self.memoryBytes = memoryBytes
        self.command = command
        self.config = config
        self.service = service
    }
}
