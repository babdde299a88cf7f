import ArgumentParser
import Jobs
import Operations

/// `spate override`
struct Override: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Give a pool exactly so many workers for a while, whatever the scaler would want.",
        discussion: """
            Minimum, maximum and budget still hold, and busy workers finish. It ends by itself, or with --clear, and
            survives a restart of the scaler.
            """)

    @OptionGroup var options: OperatorOptions
    @Argument(help: "The pool.") var pool: String
    @Argument(help: "How many workers.") var workers: Int?
    @Option(name: .customLong("for"), help: "How long, with its unit, at most 30d.") var span: DurationArgument?
    @Option(help: "Why; it stands in the decisions.") var note: String?
    @Flag(help: "Take the override back.") var clear = false

    func validate() throws {
        guard clear != (workers != nil) else {
            throw ValidationError("give a number of workers, as in `spate override cpu 5 --for 10m`, or --clear")
        }
    }

    func run() async throws {
        let action: ControlRequest.Action =
            workers.map { .override(pool: pool, workers: $0) } ?? .clear(.override, subject: pool)
        try await options.perform(ControlRequest(action, for: span?.duration, note: note))
    }
}

/// `spate pause`
struct Pause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start and drain nothing in a pool, or in all, until `spate resume`.",
        discussion: "The scaler goes on deciding and says what it would do. Workers that die are not replaced.")

    @OptionGroup var options: OperatorOptions
    @Argument(help: "The pool; all pools when it is not given.") var pool: String?
    @Option(name: .customLong("for"), help: "How long, with its unit; until it is resumed when not given.")
    var span: DurationArgument?
    @Option(help: "Why.") var note: String?

    func run() async throws {
        try await options.perform(ControlRequest(.pause(pool: pool), for: span?.duration, note: note))
    }
}

/// `spate resume`
struct Resume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Take a pause back, of a pool or of all.")

    @OptionGroup var options: OperatorOptions
    @Argument(help: "The pool; the pause of all pools when it is not given.") var pool: String?

    func run() async throws {
        try await options.perform(ControlRequest(.clear(.pause, subject: pool ?? ControlEntry.everything)))
    }
}

/// `spate protect`
struct Protect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Keep a worker from being scaled in.")

    @OptionGroup var options: OperatorOptions
    @Argument(help: "The worker's id, as `spate status` shows it.") var worker: String
    @Option(name: .customLong("for"), help: "How long, with its unit; 1h when not given.") var span: DurationArgument?
    @Option(help: "Why.") var note: String?
    @Flag(help: "Take the protection back.") var clear = false

    func run() async throws {
        let action: ControlRequest.Action =
            clear ? .clear(.protect, subject: worker) : .protect(worker: worker)
        try await options.perform(ControlRequest(action, for: span?.duration, note: note))
    }
}

/// `spate leave`
struct Leave: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell that a worker will be taken away: it drains, hands back, and is replaced at once.",
        discussion: """
            SIGTERM to the worker does the same. The scaler drains workers that it started; one that somebody else started
            gets its SIGTERM from them, and this says beforehand that it does not count any more.
            """)

    @OptionGroup var options: OperatorOptions
    @Argument(help: "The worker's id, as `spate status` shows it.") var worker: String
    @Option(help: "Why.") var note: String?

    func run() async throws { try await options.perform(ControlRequest(.leave(worker: worker), note: note)) }
}

/// `spate reload`
struct Reload: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Have the scaler read its files again now; it looks by itself every second.",
        discussion: "What is different is in the scaler's log, key by key; so is what is wrong, with line and column.")

    @OptionGroup var options: OperatorOptions

    func run() async throws { try await options.perform(ControlRequest(.reload)) }
}
