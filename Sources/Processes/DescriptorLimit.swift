import Glibc

/// How many files, sockets and pipes this process may have open.
///
/// The soft limit is 1,024 on most machines, for programs that use `select`; a server may raise it to the hard one, as Go's
/// runtime does since 1.19. Without a descriptor nothing works: libdispatch, under Swift's concurrency, ends the process when it
/// cannot open a file in /proc.
package struct DescriptorLimit: Sendable, Equatable {
    /// Raised no further: some programs close every descriptor up to the limit one by one, and children inherit it.
    package static let highest = 1 << 20

    /// What holds now.
    package var soft: Int
    /// What `raise` may set.
    package var hard: Int
    /// Descriptors that are open.
    package var open: Int

    package init(soft: Int, hard: Int, open: Int) {
        self.soft = soft
        self.hard = hard
        self.open = open
    }

    /// What holds after `raise`.
    package var reachable: Int { max(soft, min(hard, Self.highest)) }

    /// What can still be opened.
    package var spare: Int { max(soft - open, 0) }

    package static func current() -> DescriptorLimit {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return DescriptorLimit(soft: 1_024, hard: 1_024, open: 0) }
        return DescriptorLimit(
            soft: Int(clamping: limit.rlim_cur), hard: Int(clamping: limit.rlim_max), open: countOpen())
    }

    /// Raises the soft limit to the hard one, at most to `highest`. A limit that cannot be raised stays.
    package static func raise() {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return }
        let wanted = min(limit.rlim_max, rlim_t(highest))
        guard limit.rlim_cur < wanted else { return }
        limit.rlim_cur = wanted
        _ = setrlimit(resource, &limit)
    }

    private static var resource: __rlimit_resource_t { __rlimit_resource_t(RLIMIT_NOFILE.rawValue) }

    private static func countOpen() -> Int {
        guard let folder = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // `.`, `..` and the folder itself.
        return max(count - 3, 0)
    }
}
