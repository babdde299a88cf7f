/// The cluster file (`cluster/spate.yaml`), checked. Every key, its unit, default and effect is explained in
/// that file beside its default value.
package struct ClusterSettings: Sendable, Equatable {
    package var cluster: IdentitySettings
    package var redis: RedisSettings
    package var gateway: GatewaySettings
    /// Directory of the model repository, absolute.
    package var repository: String
    /// The models that are served, in the order of the file.
    package var models: [ModelSettings]
    package var pools: [PoolSettings]
    package var scaler: ScalerSettings
    package var kubernetes: KubernetesSettings
    package var runtime: RuntimeSettings
    package var logging: LoggingSettings

    package init(
        cluster: IdentitySettings = IdentitySettings(),
        redis: RedisSettings = RedisSettings(),
        gateway: GatewaySettings = GatewaySettings(),
        repository: String = "models",
        models: [ModelSettings] = [],
        pools: [PoolSettings] = [PoolSettings()],
        scaler: ScalerSettings = ScalerSettings(),
        kubernetes: KubernetesSettings = KubernetesSettings(),
        runtime: RuntimeSettings = RuntimeSettings(),
        logging: LoggingSettings = LoggingSettings()
    ) {
        self.cluster = cluster
        self.redis = redis
        self.gateway = gateway
        self.repository = repository
        self.models = models
        self.pools = pools
        self.scaler = scaler
        self.kubernetes = kubernetes
        self.runtime = runtime
        self.logging = logging
    }
}
