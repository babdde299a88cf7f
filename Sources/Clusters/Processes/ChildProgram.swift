/// What a child process runs, and with what.
package struct ChildProgram: Sendable, Equatable {
    /// Of the executable; absolute, or relative to this process's directory. It is not searched for in `PATH`.
    package var path: String
    /// Without the program's own name.
    package var arguments: [String]
    /// `nil`: this process's own.
    package var environment: [String: String]?
    /// File that its standard output and error are appended to; `nil`: this process's own output and error.
    package var logPath: String?
    /// Working directory; `nil`: this process's own.
    package var directory: String?
    package var limits: ProcessLimits

    package init(
        path: String, arguments: [String] = [], environment: [String: String]? = nil, logPath: String? = nil,
        directory: String? = nil, limits: ProcessLimits = ProcessLimits()
    ) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
        self.logPath = logPath
        self.directory = directory
        self.limits = limits
    }
}

/// How a process ended.
package enum ProcessExit: Sendable, Hashable, CustomStringConvertible {
    case code(Int32)
    case signal(Int32)

    /// - Parameter shell: the form that shells use: 128 + the signal's number for a process that a signal ended.
    package init(shell: Int32) { self = shell > 128 && shell < 128 + 65 ? .signal(shell - 128) : .code(shell) }

    package var isSuccess: Bool { self == .code(0) }

    package var description: String {
        switch self {
        case .code(let code): "exit status \(code)"
        case .signal(let number): "signal \(number)"
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
