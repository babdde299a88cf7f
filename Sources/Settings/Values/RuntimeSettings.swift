/// What a process needs from the machine that it runs on.
package struct RuntimeSettings: Sendable, Equatable {
    /// Path of `libonnxruntime.so`, absolute; `nil`: searched for (see `Inference`).
    package var onnxRuntimeLibrary: String?
    /// The cluster file's folder, beside which it is searched for.
    package var folder: String?

    package init(onnxRuntimeLibrary: String? = nil, folder: String? = nil) {
        self.onnxRuntimeLibrary = onnxRuntimeLibrary
        self.folder = folder
    }
}

/// What the processes of the cluster write on standard error.
package struct LoggingSettings: Sendable, Equatable {
    /// The levels of swift-log, by the same names.
    package enum Level: String, Sendable, CaseIterable { case trace, debug, info, notice, warning, error, critical }

    package enum Format: String, Sendable, CaseIterable {
        /// One line for people.
        case text
        /// One JSON object a line, for a log collector.
        case json
    }

    /// The least severe level that is written; a job is written at `debug`. Default `info`.
    package var level: Level
    /// Default `text`.
    package var format: Format

    package init(level: Level = .info, format: Format = .text) {
        self.level = level
        self.format = format
    }
}
