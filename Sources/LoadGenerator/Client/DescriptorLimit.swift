import Glibc

/// How many files this process may have open at a time; each connection is one.
package enum DescriptorLimit {
    /// For everything that is no connection.
    static let reserve = 256

    /// Above it nothing can be raised without rights.
    package static var hard: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1_024 }
        return Int(clamping: min(limit.rlim_max, rlim_t(1 << 30)))
    }

    /// The usual soft limit of 1,024 would cut a load off.
    static func raise(to wanted: Int) {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < rlim_t(wanted)
        else { return }
        limit.rlim_cur = min(rlim_t(wanted), limit.rlim_max)
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
