/// The number under which a call waits at one gateway; goes to Redis with its job and comes back with the outcome.
///
/// The low half is the call's place in the ledger, the high half tells apart those who had that place one after another. Any
/// number can come back: one that was not given out is nobody's.
package struct CallToken: Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    init(serial: UInt32, slot: Int) { rawValue = UInt64(serial) << 32 | UInt64(UInt32(truncatingIfNeeded: slot)) }

    /// From 0; small, as places are used again.
    package var slot: Int { Int(rawValue & 0xFFFF_FFFF) }

    var serial: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) }
}
