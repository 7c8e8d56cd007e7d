using Npgsql;
using TokenHub.Core.Snapshots;
using TokenHub.Ledger.Balances;
using TokenHub.Redis;

namespace TokenHub.ControlPlane.Publishing;

/// <summary>
/// Follows PostgreSQL for changes that were not told when they were made: by another control plane, by one that died,
/// or while Redis was away. And tells everything of the last day again when Redis may have gone back to an older copy.
/// </summary>
internal sealed class PublishingLoop(
    NpgsqlDataSource database,
    RedisClient redis,
    ChangePublisher publisher,
    LiveBalances balances,
    ILogger<PublishingLoop> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ForgetInterval = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan ForgetAfter = KeyRecords.Lifetime + TimeSpan.FromHours(1);

    private readonly SemaphoreSlim _signal = new(0, 1);
    private readonly TimeProvider _time = TimeProvider.System;
    private DateTimeOffset _forgotten;
    private int _gap;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        redis.Subscriber.Subscribe(PlaneMessages.ChangeChannel, OnNotice, OnGap);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await RunOnceAsync(stoppingToken);
                await _signal.WaitAsync(Interval, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                var isOutage = error is NpgsqlException or RedisUnavailableException;
                logger.LogWarning(isOutage ? null : error, "Changes are not followed now: {Reason}", error.Message);
                await Task.Delay(Interval, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task RunOnceAsync(CancellationToken ct)
    {
        if (Interlocked.Exchange(ref _gap, 0) == 1)
        {
            try
            {
                await PendingChanges.ReopenAsync(database, KeyRecords.Lifetime, ct);
                await balances.TellAllAsync(ct);
            }
            catch
            {
                Volatile.Write(ref _gap, 1);
                throw;
            }
        }

        await publisher.PublishAsync(ct);
        if (_time.GetUtcNow() - _forgotten > ForgetInterval)
        {
            _forgotten = _time.GetUtcNow();
            await PendingChanges.ForgetAsync(database, ForgetAfter, ct);
        }
    }

    // On the thread that reads the socket: only a signal.
    private void OnNotice(ReadOnlySpan<byte> notice)
    {
        if (notice.StartsWith("snapshot:"u8))
        {
            Signal();
        }
    }

    private void OnGap()
    {
        Volatile.Write(ref _gap, 1);
        Signal();
    }

    private void Signal()
    {
        if (_signal.CurrentCount == 0)
        {
            try
            {
                _signal.Release();
            }
            catch (SemaphoreFullException)
            {
                // Somebody else has just signalled.
            }
        }
    }
}
