using TokenHub.Redis.Connections;

namespace TokenHub.Redis.Cluster;

/// <summary>One node that we are, or want to be, connected to.</summary>
internal sealed class ClusterNode(RedisEndpoint endpoint, RespPool pool)
{
    private readonly Task _starting = StartAsync(pool);

    public RedisEndpoint Endpoint => endpoint;

    public RespPool Pool => pool;

    /// <summary>The first attempt to connect is under way: worth a moment's wait.</summary>
    public bool IsStarting => !_starting.IsCompleted;

    /// <summary>Completes after the first attempt, however it ended.</summary>
    public Task Starting => _starting;

    /// <summary><see cref="Environment.TickCount64"/> when a map last had it.</summary>
    public long ListedMs { get; set; } = Environment.TickCount64;

    private static async Task StartAsync(RespPool pool)
    {
        try
        {
            await pool.StartAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception error) when (error is RedisUnavailableException or ObjectDisposedException)
        {
            // Its lines go on trying.
        }
    }
}
