import NIOCore
import NIOPosix
import Glibc

/// Keep-alive connections to one address, as many as there are exchanges at a time, up to a bound.
///
/// Above the bound exchanges wait in order, and that wait is part of their latency. Confined to one event loop: no
/// locks, no hops. Deadlines are checked by one sweep every 50 ms, so a time-out is late by at most that.
final class ConnectionPool {
    let loop: any EventLoop
    private let address: SocketAddress
    private let maximumConnections: Int
    private var connections: [HTTPConnection] = []
    private var idle: [HTTPConnection] = []
    private var waiting = CircularBuffer<Exchange>()
    private var connecting = 0
    private var sweep: RepeatedTask?
    private var isShutDown = false

    /// Exchanges that may wait for a connection; more fail with `overflow`.
    static let maximumWaiting = 1_000_000
    /// Attempts to connect at a time. Opening a connection costs as much as several exchanges: without this bound a
    /// burst would open one for each call, although the first few could have carried it.
    private static let maximumConnecting = 64
    private static let connectTimeout = TimeAmount.seconds(5)
    private static let sweepInterval = TimeAmount.milliseconds(50)

    init(loop: any EventLoop, address: SocketAddress, maximumConnections: Int) {
        self.loop = loop
        self.address = address
        self.maximumConnections = max(1, maximumConnections)
    }

    func send(_ exchange: Exchange) {
        loop.assertInEventLoop()
        guard !isShutDown else { return exchange.completion(.failure(.closed(answerBegun: false))) }
        startSweep()
        while let connection = idle.popLast() {
            // A connection that closed while idle has left the list.
            guard connection.place != nil else { continue }
            return connection.send(exchange)
        }
        guard waiting.count < Self.maximumWaiting else { return exchange.completion(.failure(.overflow)) }
        waiting.append(exchange)
        openIfNeeded()
    }

    /// Closes everything; exchanges in flight fail as closed.
    func shutDown() {
        isShutDown = true
        sweep?.cancel()
        sweep = nil
        for connection in connections { connection.close(.closed(answerBegun: false)) }
        while let exchange = waiting.popFirst() { exchange.completion(.failure(.closed(answerBegun: false))) }
    }

    func connected(_ connection: HTTPConnection) {
        connecting -= 1
        connection.place = connections.count
        connections.append(connection)
        if isShutDown { return connection.close(.closed(answerBegun: false)) }
        idled(connection)
        openIfNeeded()
    }

    /// The connection is free: the longest waiting exchange gets it.
    func idled(_ connection: HTTPConnection) {
        if let next = waiting.popFirst() {
            connection.send(next)
        } else {
            idle.append(connection)
        }
    }

    func closed(_ connection: HTTPConnection) {
        guard let place = connection.place else { return }
        connection.place = nil
        if let last = connections.popLast(), last !== connection {
            connections[place] = last
            last.place = place
        }
        if let index = idle.firstIndex(where: { $0 === connection }) { idle.remove(at: index) }
        openIfNeeded()
    }

    private func openIfNeeded() {
        while !isShutDown, connecting < min(waiting.count, Self.maximumConnecting),
            connecting + connections.count < maximumConnections
        {
            open()
        }
    }

    private func open() {
        connecting += 1
        let pool = NIOLoopBound(self, eventLoop: loop)
        ClientBootstrap(group: loop)
            .connectTimeout(Self.connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(HTTPConnection(pool: pool.value))
                }
            }
            .connect(to: address)
            .assumeIsolated()
            .whenFailure { error in
                self.connecting -= 1
                // One attempt stands for one exchange: the longest waiting one learns that it failed.
                if let exchange = self.waiting.popFirst() {
                    exchange.completion(.failure(.cannotConnect(Self.words(for: error))))
                }
                self.openIfNeeded()
            }
    }

    private func startSweep() {
        guard sweep == nil else { return }
        let pool = NIOLoopBound(self, eventLoop: loop)
        sweep = loop.scheduleRepeatedTask(initialDelay: Self.sweepInterval, delay: Self.sweepInterval) { _ in
            pool.value.failOverdue(now: .now())
        }
    }

    private func failOverdue(now: NIODeadline) {
        for connection in connections where connection.exchange.map({ $0.deadline <= now }) ?? false {
            connection.close(.timedOut)
        }
        guard waiting.contains(where: { $0.deadline <= now }) else { return }
        let overdue = waiting.filter { $0.deadline <= now }
        waiting = CircularBuffer(waiting.filter { $0.deadline > now })
        for exchange in overdue { exchange.completion(.failure(.timedOut)) }
    }

    /// The error's text without the parts that differ from one attempt to the next.
    private static func words(for error: any Error) -> String {
        switch error {
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case is ChannelError: "time-out"
        default: String(describing: type(of: error))
        }
    }
}
