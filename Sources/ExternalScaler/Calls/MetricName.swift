/// How a pool's metric is called in Kubernetes.
enum MetricName {
    /// `spate-workers-<pool>`; KEDA puts `s0-` before it. The characters that KEDA would replace (`/ . : % ( )`) cannot
    /// stand in a pool's name.
    static func of(_ pool: String) -> String { "spate-workers-\(pool)" }
}
