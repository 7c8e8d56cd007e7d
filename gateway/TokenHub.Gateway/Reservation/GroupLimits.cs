using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Redis;

namespace TokenHub.Gateway.Reservation;

/// <summary>
/// Rates of channel groups, of all their users together. Limits and not money: while Redis cannot be asked they do not
/// hold, and what could not be put right flows off within a minute.
/// </summary>
internal sealed class GroupLimits(GroupRates rates)
{
    private static readonly TimeSpan PutRightTimeout = TimeSpan.FromSeconds(2);

    public static bool Limits(GroupEntry? group) => group is { Rpm: not null } or { Tpm: not null };

    public async ValueTask<HoldReply> TakeAsync(GroupEntry group, RequestId rid, long tokens)
    {
        try
        {
            return await rates.TakeAsync(group.Name, rid, group.Rpm, group.Tpm, tokens, CancellationToken.None);
        }
        catch (RedisUnavailableException)
        {
            return default;
        }
    }

    /// <summary>Does not wait. Does nothing where the group has no rates.</summary>
    /// <param name="counts">False when the request was not even held for.</param>
    public void PutRight(GroupEntry? group, RequestId rid, bool counts, long tokens)
    {
        if (Limits(group))
        {
            _ = PutRightAsync(group!.Name, rid, counts, tokens);
        }
    }

    private async Task PutRightAsync(string group, RequestId rid, bool counts, long tokens)
    {
        using var limit = new CancellationTokenSource(PutRightTimeout);
        try
        {
            await rates.PutRightAsync(group, rid, counts, tokens, limit.Token);
        }
        catch (Exception error) when (error is RedisUnavailableException or OperationCanceledException)
        {
            // It was taken for a minute at most.
        }
    }
}
