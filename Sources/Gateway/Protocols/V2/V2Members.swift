/// The known members that an object of a request has had so far.
struct V2Members {
    enum Member: UInt16 {
        case id, parameters, inputs, outputs
        case name, datatype, shape, data
        case priority, timeout, deadline_ms, binary_data_output
        case binary_data_size, binary_data, classification
    }

    private var seen: UInt16 = 0

    func contains(_ member: Member) -> Bool { seen & 1 << member.rawValue != 0 }

    /// - Throws: when `owner` has had the member before.
    mutating func add(_ member: Member, of owner: @autoclosure () -> String) throws(V2Error) {
        guard !contains(member) else { throw .bad("'\(member)' is given twice in \(owner()); give one") }
        seen |= 1 << member.rawValue
    }
}
