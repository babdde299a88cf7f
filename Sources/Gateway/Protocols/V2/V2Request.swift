import Tensors

/// A decoded infer request: checked against the model's signature, ready to run.
struct V2Request: Sendable, Equatable {
    struct Output: Sendable, Equatable {
        var name: String
        /// `nil`: the request's default.
        var isBinary: Bool?
        /// Classification extension: the number of classes wanted; 0 for the tensor itself.
        var classes = 0
    }

    var id: String?
    var inputs: [Tensor] = []
    /// In the order asked for; empty means all.
    var outputs: [Output] = []
    var isBinaryByDefault = false
    /// 0: the model's default; 1: the highest.
    var priority: UInt64 = 0
    var timeout: Duration?
    var deadline: Duration?
}
