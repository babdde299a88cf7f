import Time

/// What one worker needs for batches of one model: a batch of `n` rows takes `fixed + perRow · n`, and `instances`
/// batches run side by side.
package struct ServiceCost: Sendable, Equatable, Codable {
    package var fixed: Duration
    package var perRow: Duration
    package var instances: Int

    package init(fixed: Duration, perRow: Duration, instances: Int = 1) {
        self.fixed = max(fixed, .zero)
        self.perRow = max(perRow, .zero)
        self.instances = max(instances, 1)
    }

    /// A worker's seconds for one row when batches of `batchRows` form; above zero.
    func secondsPerRow(batchRows: Int) -> Double {
        max((fixed.seconds / Double(max(batchRows, 1)) + perRow.seconds) / Double(instances), 1e-9)
    }

    /// A worker's seconds for `rows` rows that lie in the queue now: at least one batch, however few they are.
    ///
    /// - Example: fixed 2 ms, 0.5 ms a row, batches of 64: 1 row 2.5 ms, 64 rows 34 ms, 640 rows 340 ms.
    func seconds(for rows: Double, batchRows: Int) -> Double {
        guard rows > 0 else { return 0 }
        let batches = max(rows / Double(max(batchRows, 1)), 1)
        return (batches * fixed.seconds + rows * perRow.seconds) / Double(instances)
    }

    /// Seconds that one batch of `rows` takes.
    package func batchSeconds(rows: Int) -> Double { fixed.seconds + perRow.seconds * Double(max(rows, 1)) }
}
