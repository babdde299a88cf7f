import NIOCore

/// The protocols of a gateway.
struct InferenceProtocols: Sendable {
    /// All that Spate speaks. The first is meant where an outcome does not say how it was asked for.
    static let all = InferenceProtocols([V2Protocol()])

    let list: [any InferenceProtocol]

    /// - Parameter list: at least one; no two with the same code.
    init(_ list: [any InferenceProtocol]) {
        precondition(!list.isEmpty && Set(list.map(\.code)).count == list.count, "each protocol has a code of its own")
        self.list = list
    }

    func place(of proto: some InferenceProtocol) -> Int {
        guard let place = list.firstIndex(where: { $0.code == proto.code }) else {
            preconditionFailure("\(proto.name) is not among the protocols of this gateway")
        }
        return place
    }

    /// Whether an outcome without an echo is encoded by this protocol.
    func isDefault(_ proto: some InferenceProtocol) -> Bool { list[0].code == proto.code }

    /// The protocol that a job's echo names; `nil`: of another version of the gateway.
    func named(in echo: ByteBuffer) -> (any InferenceProtocol)? {
        guard let code = echo.getInteger(at: echo.readerIndex, as: UInt8.self) else { return list[0] }
        return list.first { $0.code == code }
    }
}
