/// A job's history in the delivery count that Redis keeps with each pending entry: attempts in the lower 15 bits, then
/// a mark while a worker runs it by itself because others died with it, crashes above.
///
/// Redis sets 1 at the first delivery: attempt 1, no crash. So the history of a job lives exactly as long as the
/// entry is pending, moves with every claim, and needs no key of its own.
///
/// | stored | attempt | crashes |
/// |---|---|---|
/// | 1 | 1 | 0 |
/// | 2 | 2 | 0 |
/// | 131,073 | 1 | 2 |
/// | 163,841, on trial | 1 | 2 |
struct DeliveryCount: Equatable {
    /// What one more returned error adds.
    static let failure = 1
    /// The mark of a job on trial.
    static let trial = 1 << 15
    /// What one more death of a worker adds.
    static let crash = 1 << 16

    let raw: Int

    var attempt: Int { max(1, raw & (Self.trial - 1)) }
    var crashes: Int { max(0, raw >> 16) }
}
