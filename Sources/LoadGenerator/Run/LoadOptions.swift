/// How a run is carried out; the defaults suit one machine.
package struct LoadOptions: Sendable {
    /// Connections at a time; above it requests wait, and the wait counts. Default 4,096.
    package var maximumConnections: Int
    /// Connections that may wait for the results of accepted jobs at a time, oldest job first. Default 1,024.
    package var maximumFollowers: Int
    /// How long one request may take, waiting for a connection included. Default 60 s.
    package var requestTimeout: Duration
    /// How long accepted jobs are followed after the last arrival before they count as lost. Default 120 s.
    package var followUp: Duration
    /// Time between two questions for the cluster's status. Default 250 ms.
    package var samplingInterval: Duration
    /// How long the cluster is observed after the last call, until no worker is left; shows scaling in. Default 0 s.
    package var observation: Duration
    /// How long the service is asked to hold a question for a job open. Default 20 s.
    package var longPoll: Duration

    package init(
        maximumConnections: Int = 4_096, maximumFollowers: Int = 1_024, requestTimeout: Duration = .seconds(60),
        followUp: Duration = .seconds(120), samplingInterval: Duration = .milliseconds(250),
        observation: Duration = .zero, longPoll: Duration = .seconds(20)
    ) {
        self.maximumConnections = maximumConnections
        self.maximumFollowers = maximumFollowers
        self.requestTimeout = requestTimeout
        self.followUp = followUp
        self.samplingInterval = samplingInterval
        self.observation = observation
        self.longPoll = longPoll
    }
}
