import Foundation
package import Random

extension SeededGenerator {
    /// A seed of its own each time, or the one that `SPATE_SEED` names: whoever uses it says `seed` when it fails.
    package init() {
        let given = ProcessInfo.processInfo.environment["SPATE_SEED"].flatMap { UInt64($0) }
        self.init(seed: given ?? UInt64.random(in: 0 ... .max))
    }
}
