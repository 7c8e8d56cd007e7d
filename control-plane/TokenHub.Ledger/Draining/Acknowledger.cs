using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TokenHub.Ledger.Balances;
using TokenHub.Redis;

namespace TokenHub.Ledger.Draining;

/// <summary>
/// Tells Redis, behind the gateways' backs, what has been posted: outbox copies go and balances are taken over. What is
/// lost here is found again by the sweeps, so the queue is short and drops what does not fit.
/// </summary>
public sealed class Acknowledger(Till till, LiveBalances balances, ILogger<Acknowledger>? logger = null)
{
    private const int QueueMax = 256;
    private const int CallsAtOnce = 32;

    private readonly ILogger _logger = logger ?? NullLogger<Acknowledger>.Instance;
    private readonly Channel<PostedBatch> _queue = Channel.CreateBounded<PostedBatch>(
        new BoundedChannelOptions(QueueMax) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>Never waits.</summary>
    public void Enqueue(PostedBatch batch) => _queue.Writer.TryWrite(batch);

    public async Task RunAsync(CancellationToken ct)
    {
        await foreach (var batch in _queue.Reader.ReadAllAsync(ct))
        {
            try
            {
                await AcknowledgeAsync(batch, ct);
            }
            catch (Exception error) when (!ct.IsCancellationRequested)
            {
                _logger.LogWarning(error, "Redis was not told of {Count} posted requests", batch.Requests.Count);
            }
        }
    }

    /// <summary>Acknowledges a batch now. Owners, who have no request in it, get their new balance.</summary>
    public async Task AcknowledgeAsync(PostedBatch batch, CancellationToken ct = default)
    {
        var accounts = batch.Accounts.ToDictionary(stand => stand.Account);
        var keys = batch.Keys.ToDictionary(stand => stand.Key);
        var groups = batch.Requests.GroupBy(request => (request.Account, request.Key));
        foreach (var chunk in groups.Chunk(CallsAtOnce))
        {
            await Task.WhenAll(chunk.Select(async group =>
            {
                // A parked record may name what does not exist: version 0 takes nothing over, and its copy still goes.
                var account = accounts.GetValueOrDefault(group.Key.Account);
                var key = keys.GetValueOrDefault(group.Key.Key);
                await till.AckAsync(
                    group.Key.Account, account.Balance, account.Version, group.Key.Key, key.Spent, key.Version,
                    [.. group.Select(request => request.RequestId)], ct);
            }));
        }

        var callers = batch.Requests.Select(request => request.Account).ToHashSet();
        var owners = batch.Accounts.Select(stand => stand.Account).Where(id => !callers.Contains(id)).ToList();
        if (owners.Count > 0)
        {
            await balances.TellAsync(owners, ct);
        }
    }
}
