import Scaling
import Simulator
import Time

/// What a cluster file says of a simulation.
struct SimulatedFile {
    var policy: Policy
    var model: SimulatedModel
    var pools: [SimulatedPool]
    var interval: Duration
}
