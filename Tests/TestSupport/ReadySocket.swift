import Dispatch
import Glibc
import NIOCore
import NIOPosix

/// Where a child says that it is ready, by the protocol of `sd_notify`: an event, where polling would guess.
///
/// A plain socket: its senders have no address, which a NIO datagram channel takes for an error.
struct ReadySocket {
    let path: String
    private let said: EventLoopPromise<Void>
    private let source: any DispatchSourceRead

    static func open(_ path: String) throws -> ReadySocket {
        unlink(path)
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
        let status = try SocketAddress(unixDomainSocketPath: path).withSockAddr { address, length in
            bind(descriptor, address, socklen_t(length))
        }
        guard status == 0 else {
            let reason = errno
            Glibc.close(descriptor)
            throw IOError(errnoCode: reason, reason: "bind")
        }
        let said = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: Void.self)
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor)
        source.setEventHandler {
            var bytes = [UInt8](repeating: 0, count: 4_096)
            let count = recv(descriptor, &bytes, bytes.count, 0)
            let lines = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(separator: "\n")
            if lines.contains("READY=1") { said.succeed() }
        }
        source.setCancelHandler { Glibc.close(descriptor) }
        source.resume()
        return ReadySocket(path: path, said: said, source: source)
    }

    /// Returns when the child says that it is ready.
    /// - Throws: when it ends before, or the time is over.
    func wait(orEndOf child: WatchedProcess, atMost limit: TimeAmount) async throws {
        let said = self.said
        child.ended.whenComplete { ending in
            said.fail(WatchedProcess.Failure(description: "it ended: \(ending)"))
        }
        let last = said.futureResult.eventLoop.scheduleTask(in: limit) {
            said.fail(WatchedProcess.Failure(description: "it was not ready in time"))
        }
        defer { last.cancel() }
        try await said.futureResult.get()
    }

    func close() {
        said.fail(WatchedProcess.Failure(description: "nobody waits"))
        source.cancel()
    }
}
