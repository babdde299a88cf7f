package import Jobs
package import Operations
package import Scaling

/// What the scaler's machine is told.
package enum ScalerEvent: Sendable, Equatable {
    /// The queues and the reports were read.
    case read(Reading, Circumstances)
    /// They could not be.
    case unreadable(String, Circumstances)
    /// A driver tells of a worker.
    case worker(WorkerEvent)
    /// A second has passed.
    case second
    /// Settings changed.
    case planned(ScalerPlan)
    /// Nothing happened but that the leadership may have come or gone.
    case term
    /// All that the last look asked for so far was done.
    case goOn
    /// The faults of models, with what their files are now.
    case faultsSeen([StampedFault])
    /// Somebody asks to try all models again.
    case retryAsked(ServingFaults)

    // MARK: The end

    /// The scaler is about to end: what is still read is noted, and nothing is decided any more.
    case ending
    /// The scaler ends: its workers drain.
    case stop
    /// Workers had their time to drain.
    case drainTimeOver
    /// The last look was the last.
    case finish

    /// What came of an action.
    case result(ScalerResult)

    /// What one look read.
    package struct Reading: Sendable, Equatable {
        package var snapshots: [QueueName: QueueSnapshot]
        package var reports: [WorkerReport]
        /// What operators have set; `nil`: it could not be read, and what was set before still counts.
        package var control: ControlState?

        package init(snapshots: [QueueName: QueueSnapshot], reports: [WorkerReport], control: ControlState? = nil) {
            self.snapshots = snapshots
            self.reports = reports
            self.control = control
        }
    }

    /// What holds at a look beside what was read.
    package struct Circumstances: Sendable, Equatable {
        /// By pool: why no worker of it can be started.
        package var unavailable: [String: Unavailability]
        /// What cannot be served; `nil`: nobody says so.
        package var faults: ServingFaults?
        /// What is to come.
        package var expected: [QueueName: [ExpectedArrivals]]
        /// Whether another scaler leads; only looked at in a dry run.
        package var isLed: Bool

        package init(
            unavailable: [String: Unavailability] = [:], faults: ServingFaults? = nil,
            expected: [QueueName: [ExpectedArrivals]] = [:], isLed: Bool = false
        ) {
            self.unavailable = unavailable
            self.faults = faults
            self.expected = expected
            self.isLed = isLed
        }
    }

    package struct StampedFault: Sendable, Equatable {
        package var fault: ServingFault
        /// Of the model's files now.
        package var stamp: String

        package init(fault: ServingFault, stamp: String) {
            self.fault = fault
            self.stamp = stamp
        }
    }
}

/// An order that sets how many workers a pool has.
package struct CountOrder: Sendable, Equatable {
    package enum Purpose: Sendable, Equatable {
        /// A decision, for its reason.
        case decided(starts: Int, drains: Int, reason: String)
        /// What was ordered and never came is not ordered any more.
        case givenUp
    }

    package var pool: String
    /// Starting and ready workers together.
    package var count: Int
    /// Those that may go, the first first.
    package var idle: [String]
    package var purpose: Purpose

    package init(pool: String, count: Int, idle: [String], purpose: Purpose) {
        self.pool = pool
        self.count = count
        self.idle = idle
        self.purpose = purpose
    }
}
