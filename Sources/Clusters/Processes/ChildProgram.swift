import Glibc

/// What a child process runs, and with what.
package struct ChildProgram: Sendable, Equatable {
    /// Of the executable; absolute, or relative to this process's directory. It is not searched for in `PATH`.
    package var path: String
    /// What `ps` shows in its place; `nil`: the path.
    package var name: String?
    /// Without the program's own name.
    package var arguments: [String]
    /// `nil`: this process's own.
    package var environment: [String: String]?
    /// File that its standard output and error are appended to; `nil`: this process's own output and error.
    package var logPath: String?
    /// Working directory; `nil`: this process's own.
    package var directory: String?
    package var limits: ProcessLimits
    package var parentDeath: ParentDeath
    /// Shared with the child, which has it as descriptor 3; `nil`: nothing is.
    package var board: RunBoard?

    package init(
        path: String, name: String? = nil, arguments: [String] = [], environment: [String: String]? = nil,
        logPath: String? = nil, directory: String? = nil, limits: ProcessLimits = ProcessLimits(),
        parentDeath: ParentDeath = .drains, board: RunBoard? = nil
    ) {
        self.path = path
        self.name = name
        self.arguments = arguments
        self.environment = environment
        self.logPath = logPath
        self.directory = directory
        self.limits = limits
        self.parentDeath = parentDeath
        self.board = board
    }
}

/// What becomes of a child when its parent ends, however that ends: what the kernel sends it at that moment.
package enum ParentDeath: Sendable, Equatable {
    /// SIGTERM: it finishes what it began.
    case drains
    /// SIGQUIT: it hands back at once what it holds.
    case handsBack
    /// SIGKILL: there is nobody left to hand anything to.
    case dies
    /// Nothing: it lives on, and whoever comes next finds it.
    case livesOn

    var signal: Int32 {
        switch self {
        case .drains: SIGTERM
        case .handsBack: SIGQUIT
        case .dies: SIGKILL
        case .livesOn: 0
        }
    }
}

/// How a process ended.
package enum ProcessExit: Sendable, Hashable, CustomStringConvertible {
    case code(Int32)
    case signal(Int32)

    /// - Parameter shell: the form that shells use: 128 + the signal's number for a process that a signal ended.
    package init(shell: Int32) { self = shell > 128 && shell < 128 + 65 ? .signal(shell - 128) : .code(shell) }

    /// Those that end programs which nobody asked to end.
    private static let names: [Int32: String] = [
        SIGILL: "SIGILL", SIGTRAP: "SIGTRAP", SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE",
        SIGKILL: "SIGKILL", SIGSEGV: "SIGSEGV", SIGTERM: "SIGTERM",
    ]

    package var isSuccess: Bool { self == .code(0) }

    /// Whether a signal ended it.
    package var isKilled: Bool {
        switch self {
        case .code: false
        case .signal: true
        }
    }

    package var description: String {
        switch self {
        case .code(let code): "exit status \(code)"
        case .signal(let number): Self.names[number].map { "signal \(number) (\($0))" } ?? "signal \(number)"
        }
    }
}

/// Why a process could not be started.
package struct ChildProcessError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// The kernel refused: no such file, not executable, no more processes.
        case cannotStart
        /// This process lacks what it needs to look after children: file descriptors or a thread.
        case outOfResources
    }
    package var code: Code
    /// What failed, on which file, and what the system said.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
