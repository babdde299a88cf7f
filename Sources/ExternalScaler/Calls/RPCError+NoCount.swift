import GRPCCore
import Time

extension RPCError {
    /// What a caller over gRPC is told. The only place that maps to gRPC codes.
    init(_ reason: NoCount, pool: String) {
        let shown = pool.shownInErrors
        switch reason {
        case .unknownPool(let known):
            let list = known.isEmpty ? "no pools" : "the pools \(known.joined(separator: ", "))"
            let what =
                pool.isEmpty
                ? "the trigger's metadata has no `pool`" : "there is no pool \"\(shown)\""
            self.init(
                code: .invalidArgument,
                message: "\(what); this scaler has \(list): name one in the metadata, for example `pool: "
                    + "\(known.first ?? "cpu")`")
        case .notYet:
            self.init(
                code: .unavailable,
                message:
                    "pool \(shown): no decision yet; the scaler has just started, does not lead, or cannot read Redis")
        case .stale(let age, let limit):
            self.init(
                code: .unavailable,
                message:
                    "pool \(shown): the newest decision rests on data that is \(age.inSeconds) s old, above the limit "
                    + "of \(limit.inSeconds) s; look whether Redis and the scaler are up")
        case .tooManyStreams(let limit):
            self.init(
                code: .resourceExhausted, message: "pool \(shown): \(limit) streams are open, and more are not served")
        case .closed:
            self.init(code: .unavailable, message: "pool \(shown): this scaler is shutting down")
        }
    }

    static func unknownMetric(_ name: String, expected: String, pool: String) -> RPCError {
        RPCError(
            code: .invalidArgument,
            message: "pool \(pool.shownInErrors) has no metric \"\(name.shownInErrors)\"; its metric is \(expected)")
    }
}

extension String {
    /// At most 64 characters, printable ones only: it came from outside.
    fileprivate var shownInErrors: String {
        String(prefix(64).map { $0.isASCII && ($0.isLetter || $0.isNumber || "-_. /:".contains($0)) ? $0 : "?" })
    }
}

extension Duration {
    /// With one digit after the point.
    fileprivate var inSeconds: String {
        let tenths = wholeMilliseconds / 100
        return "\(tenths / 10).\(abs(tenths % 10))"
    }
}
