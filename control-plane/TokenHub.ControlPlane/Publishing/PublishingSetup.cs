namespace TokenHub.ControlPlane.Publishing;

internal static class PublishingSetup
{
    /// <summary>Needs what <c>AddLedger</c> needs and adds: the data source, the Redis client, the till.</summary>
    public static IServiceCollection AddPublishing(this IServiceCollection services) => services
        .AddSingleton<SnapshotBuilder>()
        .AddSingleton<SnapshotFeed>()
        .AddSingleton<KeyRecords>()
        .AddSingleton<ChangePublisher>()
        .AddHostedService<PublishingLoop>();
}
