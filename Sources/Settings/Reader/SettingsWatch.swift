import Glibc

/// The files of one cluster, and whether they changed.
///
/// A change is another inode, size or time of change of the cluster file or of a model's file. A file is read once it has
/// been the same for two looks, so that half a write is not taken for a broken file.
package struct SettingsWatch: Sendable {
    package enum Change: Sendable, Equatable {
        case settings(ClusterSettings)
        case failure(SettingsError)
    }

    private struct Stamp: Sendable, Equatable {
        var inode: UInt64
        var size: Int64
        var changed: [UInt8]
    }

    private let path: String
    private let adjusted: @Sendable (ClusterSettings) -> ClusterSettings
    private let overrides: SettingsOverrides
    private var models: [String]
    private var read: [Stamp?]
    private var seen: [Stamp?]

    /// - Parameters:
    ///   - settings: as they were read from `path`.
    ///   - adjusted: what the command line changes in settings that are read again.
    package init(
        path: String, overrides: SettingsOverrides, settings: ClusterSettings,
        adjusted: @escaping @Sendable (ClusterSettings) -> ClusterSettings = { $0 }
    ) {
        self.path = path
        self.overrides = overrides
        self.adjusted = adjusted
        models = Self.files(of: settings)
        read = Self.stamps(path, models)
        seen = read
    }

    /// What the files hold now, if they changed since they were last read, or if that is asked for.
    /// - Returns: `nil` while nothing changed, and while a change is still under way.
    package mutating func look(isAsked: Bool) -> Change? {
        let now = Self.stamps(path, models)
        defer { seen = now }
        guard isAsked || (now != read && now == seen) else { return nil }
        read = now
        do {
            let settings = adjusted(try ClusterSettings.load(path: path, overrides: overrides))
            models = Self.files(of: settings)
            read = Self.stamps(path, models)
            return .settings(settings)
        } catch {
            return .failure(error)
        }
    }

    private static func files(of settings: ClusterSettings) -> [String] {
        settings.models.map { "\(settings.repository)/\($0.name)/model.yaml" }
    }

    private static func stamps(_ path: String, _ models: [String]) -> [Stamp?] {
        ([path] + models).map { path in
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            return Stamp(
                inode: UInt64(status.st_ino), size: Int64(status.st_size),
                // Compared only. The compiler takes the parts of a `timespec` now for Glibc's, now for those of a module that
                // cannot be imported.
                changed: withUnsafeBytes(of: status.st_mtim) { Array($0) })
        }
    }
}
