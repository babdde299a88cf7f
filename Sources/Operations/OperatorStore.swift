/// All that operators have set, all that was decided and counted.
package typealias OperatorStore = ControlStore & DecisionArchive & TrafficLedger
