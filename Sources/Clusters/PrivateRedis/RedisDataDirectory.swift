import Foundation
import Glibc

/// The folder of a private Redis: its append-only file, its socket, and what guards them.
///
/// | file | meaning |
/// |---|---|
/// | `lock` | held while a server of ours runs here, so that two never share the folder |
/// | `holds-jobs` | a server of ours has written here: from now on the append-only file must be there |
package struct RedisDataDirectory: Sendable {
    package let path: String

    package init(path: String) { self.path = path }

    /// Where the server listens. A path that is too long for a unix socket (107 bytes) is replaced by a
    /// short one in the folder for temporary files, derived from it.
    package var socketPath: String {
        let natural = path + "/redis.sock"
        guard natural.utf8.count > 100 else { return natural }
        let digest = path.utf8.reduce(UInt64(14_695_981_039_346_656_037)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
        return "/tmp/spate-\(getuid())-\(String(digest, radix: 16)).sock"
    }

    /// The address of the server: in it `%`, `?` and what is no text of a URL are written as `%41`.
    package var url: String {
        let path = socketPath.utf8.map { byte -> String in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                String(UnicodeScalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return "unix://" + path.joined()
    }

    /// Makes the folder and checks that a server that starts here would find what was accepted before.
    ///
    /// - Throws: when the folder cannot be made, or held jobs whose append-only file is gone, or holds the data of some
    ///   other Redis that a server with an append-only file would not read.
    func prepare() throws(PrivateRedisError) {
        let files = FileManager.default
        do {
            try files.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw PrivateRedisError("the data directory \(path) cannot be made: \(error.localizedDescription)")
        }
        let hasLog = files.fileExists(atPath: path + "/appendonlydir")
        if !hasLog, files.fileExists(atPath: path + "/holds-jobs") {
            throw PrivateRedisError(
                "\(path) held jobs and its append-only file (appendonlydir) is gone; an empty Redis is not started over it. Put the file back, or, if the jobs may be forgotten, delete \(path)"
            )
        }
        if !hasLog, files.fileExists(atPath: path + "/dump.rdb") {
            throw PrivateRedisError(
                "\(path) holds the snapshot of another Redis (dump.rdb), which would not be read; choose another data directory"
            )
        }
    }

    /// A server of ours runs here now.
    func markUsed() throws(PrivateRedisError) {
        guard FileManager.default.createFile(atPath: path + "/holds-jobs", contents: Data()) else {
            throw PrivateRedisError("\(path) cannot be written")
        }
    }

    /// Ids of the redis-server processes whose working directory this is.
    var servers: [Int32] {
        let own = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        return SystemProcesses.ids.filter { process in
            guard let name = SystemProcesses.contents(of: "comm", process), name.starts(with: "redis-server".utf8)
            else {
                return false
            }
            // Of one that ended meanwhile, or is somebody else's, there is none.
            return (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/cwd")) == own
        }
    }

    /// Takes the folder for this process until the descriptor is closed or the process ends.
    func lock() throws(PrivateRedisError) -> Int32 {
        let descriptor = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw PrivateRedisError("\(path)/lock cannot be made: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw PrivateRedisError(
                "the data directory \(path) is in use by another running `spate up`; stop it, or give this one another directory (--data)"
            )
        }
        return descriptor
    }
}

/// Why the private Redis does not run, and what to do.
package struct PrivateRedisError: Error, Sendable, CustomStringConvertible {
    package var description: String

    init(_ description: String) { self.description = description }
}
