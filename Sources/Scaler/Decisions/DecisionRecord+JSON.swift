import Foundation
package import Operations

extension DecisionRecord {
    /// One line, keys in order.
    package var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        } catch {
            // Only a number that JSON has no form for; all that can become one are rounded above.
            return
                #"{"pool":"\#(pool)","wanted":\#(wanted),"reason":"this decision cannot be written: \#(type(of: error))"}"#
        }
    }
}
