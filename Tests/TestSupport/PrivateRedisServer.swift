import Foundation
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// How a private Redis server is set up.
package struct PrivateRedisOptions: Sendable {
    package enum Transport: Sendable {
        /// Only the unix socket.
        case unix
        /// Also a port of 127.0.0.1.
        case tcp
        /// Also a TLS port of 127.0.0.1, with certificates of its own.
        case tls(clientCertificateRequired: Bool)
    }

    package var transport: Transport = .unix
    /// Of the default user.
    package var password: String?
    /// ACL lines without the word `user`, for example `worker on >secret ~* &* +@all`.
    package var users: [String] = []
    package var maximumMemoryBytes: Int?
    /// Whether data outlives `kill` and `restart` (append-only file, synced at every write).
    package var keepsData = false
    /// Further arguments of `redis-server`, for example `["--hz", "100"]`.
    package var arguments: [String] = []

    package init() {}
}

/// A real redis-server on a unix socket in a directory of its own; it ends with the test's process at the latest.
package final class PrivateRedisServer: Sendable {
    /// A start that takes longer has failed.
    private static let patience: TimeAmount = .seconds(20)

    package let directory: String
    package let socket: String
    /// `nil` with the unix socket alone.
    package let port: Int?
    /// Made for `Transport.tls`.
    package let certificates: TestCertificates?
    private let options: PrivateRedisOptions
    private let process = Mutex<WatchedProcess?>(nil)

    /// `unix://…`, without credentials.
    package var url: String { "unix://\(socket)" }

    private init(
        directory: String, port: Int?, certificates: TestCertificates?, options: PrivateRedisOptions
    ) {
        self.directory = directory
        socket = "\(directory)/redis.sock"
        self.port = port
        self.certificates = certificates
        self.options = options
    }

    /// - Parameter credentials: for example `user:password@`.
    package func url(_ credentials: String) -> String { "unix://\(credentials)\(socket)" }

    /// `redis://…` or `rediss://…` to the port; `nil` with the unix socket alone.
    package func networkURL(_ credentials: String = "", host: String = "127.0.0.1") -> String? {
        port.map { port in "\(certificates == nil ? "redis" : "rediss")://\(credentials)\(host):\(port)" }
    }

    fileprivate static func launch(_ options: PrivateRedisOptions) async throws -> PrivateRedisServer {
        let directory = try makeDirectory()
        do {
            var certificates: TestCertificates?
            if case .tls = options.transport { certificates = try await .make(in: directory) }
            let server = PrivateRedisServer(
                directory: directory, port: try options.freePort(), certificates: certificates, options: options)
            try await server.start()
            return server
        } catch {
            try? FileManager.default.removeItem(atPath: directory)  // Left to the system's own cleaning.
            throw error
        }
    }

    /// Ends the server and removes its directory.
    fileprivate func remove() async {
        await stop()
        try? FileManager.default.removeItem(atPath: directory)  // Left to the system's own cleaning.
    }

    // MARK: Life and death

    /// Starts the server over the data that it left; returns when it answers.
    package func start() async throws {
        let ready = try ReadySocket.open("\(directory)/ready.sock")
        defer { ready.close() }
        let log = "\(directory)/redis.log"
        let child = try await WatchedProcess.start(
            "redis-server", arguments, environment: ["NOTIFY_SOCKET": ready.path], log: log)
        process.withLock { $0 = child }
        do {
            try await ready.wait(orEndOf: child, atMost: Self.patience)
        } catch {
            await kill()
            let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            throw WatchedProcess.Failure(description: "redis-server did not start (\(error)): \(text.suffix(2_000))")
        }
    }

    /// SIGKILL; returns when the process is gone.
    package func kill() async { await end(SIGKILL) }

    /// SIGTERM, and SIGKILL after five seconds; returns when the process is gone.
    package func stop() async { await end(SIGTERM) }

    /// SIGKILL and start: what a crash of the server looks like to its clients.
    package func restart() async throws {
        await kill()
        try await start()
    }

    /// SIGSTOP: connections stay open and nobody answers. Until `resume`.
    package func pause() { process.withLock { $0 }?.signal(SIGSTOP) }

    package func resume() { process.withLock { $0 }?.signal(SIGCONT) }

    private func end(_ signal: Int32) async {
        guard let child = process.withLock({ $0 }) else { return }
        child.signal(signal)
        child.signal(SIGCONT)
        let last = child.ended.eventLoop.scheduleTask(in: .seconds(5)) { child.signal(SIGKILL) }
        // Fails only when the process never started.
        _ = try? await child.ended.get()
        last.cancel()
    }

    // MARK: Arguments

    private var arguments: [String] {
        var arguments = [
            "--daemonize", "no", "--supervised", "systemd", "--dir", directory, "--save", "", "--unixsocket", socket,
            "--unixsocketperm", "700", "--enable-debug-command", "yes", "--bind", "127.0.0.1",
        ]
        switch (options.transport, port) {
        case (.tcp, let port?): arguments += ["--port", String(port)]
        case (.tls(let isRequired), let port?):
            arguments += ["--port", "0", "--tls-port", String(port)]
            arguments += ["--tls-auth-clients", isRequired ? "yes" : "no"]
        case (.unix, _), (.tcp, nil), (.tls, nil): arguments += ["--port", "0"]
        }
        if let certificates {
            arguments += ["--tls-ca-cert-file", certificates.authority]
            arguments += ["--tls-cert-file", certificates.serverCertificate, "--tls-key-file", certificates.serverKey]
        }
        if options.keepsData { arguments += ["--appendonly", "yes", "--appendfsync", "always"] }
        if let bytes = options.maximumMemoryBytes { arguments += ["--maxmemory", String(bytes)] }
        if let password = options.password { arguments += ["--requirepass", password] }
        for user in options.users { arguments += ["--user"] + user.split(separator: " ").map(String.init) }
        return arguments + options.arguments
    }

    private static func makeDirectory() throws -> String {
        var template = Array("/tmp/spate-redis-XXXXXX".utf8CString)
        let path = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        guard let path else { throw WatchedProcess.Failure(description: "mkdtemp: errno \(errno)") }
        return path
    }
}

/// Runs `body` with a server that is made for it and removed after it.
package func withPrivateRedis<Result>(
    _ options: PrivateRedisOptions = PrivateRedisOptions(), _ body: (PrivateRedisServer) async throws -> Result
) async throws -> Result {
    let server = try await PrivateRedisServer.launch(options)
    do {
        let result = try await body(server)
        await server.remove()
        return result
    } catch {
        await server.remove()
        throw error
    }
}

extension PrivateRedisOptions {
    /// A port that nobody had a moment ago: Redis cannot choose one itself.
    fileprivate func freePort() throws -> Int? {
        if case .unix = transport { return nil }
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 ? getsockname(descriptor, address, &length) : -1
            }
        }
        guard status == 0 else { throw IOError(errnoCode: errno, reason: "bind") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
