using TokenHub.Core.Money;
using TokenHub.Redis;

namespace TokenHub.Gateway.Settlement;

/// <summary>
/// Renews the hold of every request that runs long, and writes the in-flight table to its disk now and then.
/// </summary>
public sealed class HoldKeeper(InFlightTable table, Till till)
{
    /// <summary>How long a hold lasts without renewal, in milliseconds.</summary>
    public const int HoldTtlMs = 90_000;

    private const int RenewAfterMs = 30_000;
    private const int SyncEveryMs = 200;
    private const int LookEveryMs = 5_000;

    public async Task RunAsync(CancellationToken cancel)
    {
        var lookedAtMs = Environment.TickCount64;
        while (true)
        {
            await Task.Delay(SyncEveryMs, cancel);
            if (table.OpenCount > 0)
            {
                // On the thread pool: Sync blocks, and a timer's continuation may run where it must not.
                await Task.Run(table.Sync, cancel);
            }

            if (Environment.TickCount64 - lookedAtMs >= LookEveryMs)
            {
                lookedAtMs = Environment.TickCount64;
                await RenewAsync(cancel);
            }
        }
    }

    private async Task RenewAsync(CancellationToken cancel)
    {
        foreach (var slot in table.OpenSlots())
        {
            var now = Environment.TickCount64;
            if (now - slot.RenewedAtMs < RenewAfterMs || !slot.TryRead(out var request))
            {
                continue;
            }

            try
            {
                var reply = await till.ExtendAsync(
                    request.Rid, request.Account, request.Key, Usd.Zero, null, HoldTtlMs, cancel);
                if (reply.Code == TillCode.NoHold)
                {
                    // Redis has lost it, and nobody noticed that it had lost anything.
                    var lost = Replay.HoldOf(request with { Hold = slot.Counters.Hold });
                    await till.ReholdAsync(request.Account, [lost], cancel);
                }

                slot.RenewedAtMs = now;
            }
            catch (RedisUnavailableException)
            {
                // The next round tries again; a hold lasts three rounds.
                return;
            }
        }
    }
}
