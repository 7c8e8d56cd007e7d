using Dapper;
using Npgsql;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Redis;
using TokenHub.Redis.Channels;

namespace TokenHub.Ledger.Quota;

/// <summary>
/// What channels have used in the periods of their windows, as the ledger knows it, and brings that into Redis where it
/// is not counted. An attempt belongs to the period in which its request began. Attempts that are not posted yet are
/// not known here; those under way are told to Redis by their gateways.
/// </summary>
public sealed class WindowUsage(NpgsqlDataSource database, RedisClient redis)
{
    // Tokens are counted as input and output; a cost is what the upstream bills.
    private const string UsedSql = """
        select count(*) as requests,
          least(coalesce(sum(input::numeric + output), 0), @Most)::bigint as tokens,
          least(coalesce(sum(cost_units::numeric), 0), @Most)::bigint as units
        from usage_attempts
        where channel_id = @Channel
          and rid >= @From
          and rid < @To
        """;

    private const string EpochsSql = "select coalesce(sum(epoch), 0)::bigint from shards";

    private readonly ChannelSeats _seats = new(redis.Runner);

    /// <summary>Counts each window and puts it into Redis unless it is there.</summary>
    public async Task<SeatReply> RecountAsync(PlaneMessages.RecountRequest request, CancellationToken ct = default)
    {
        var epoch = await EpochAsync(ct);
        var used = await CountAsync(request.Channel, request.Windows, ct);
        var claims = request.Windows.Select((window, i) => new WindowClaim(
            window.Name, window.Kind, used[i], new Core.Quota.QuotaPeriod(window.StartMs, window.EndMs)));
        var reply = await _seats.RecountAsync(request.Channel, epoch, claims.ToArray(), ct);
        return reply.Code > 0
            ? reply
            : throw new RedisUnavailableException($"Redis does not take the windows of channel {request.Channel}.");
    }

    /// <summary>What is used of each window, in its own unit.</summary>
    public async Task<long[]> CountAsync(
        long channel, IReadOnlyList<PlaneMessages.WindowPeriod> windows, CancellationToken ct = default)
    {
        var used = new long[windows.Count];
        await using var connection = await database.OpenConnectionAsync(ct);
        foreach (var same in windows
            .Select((window, i) => (window, i)).GroupBy(pair => (pair.window.StartMs, pair.window.EndMs)))
        {
            var row = await connection.QuerySingleAsync<UsedRow>(new CommandDefinition(
                UsedSql,
                new
                {
                    Channel = channel,
                    From = FirstIdAt(same.Key.StartMs),
                    To = FirstIdAt(same.Key.EndMs),
                    Most = (decimal)Usd.ScriptUnitsMax,
                },
                cancellationToken: ct));
            foreach (var (window, i) in same)
            {
                used[i] = window.Kind switch
                {
                    QuotaKind.Money => row.Units, QuotaKind.Tokens => row.Tokens, _ => row.Requests,
                };
            }
        }

        return used;
    }

    /// <summary>The epoch of counts made now: the epochs of all shards together, which rise with any loss.</summary>
    public async Task<long> EpochAsync(CancellationToken ct = default)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.ExecuteScalarAsync<long>(new CommandDefinition(EpochsSql, cancellationToken: ct));
    }

    // Ids begin with the milliseconds at which their request began.
    private static Guid FirstIdAt(long unixMs) =>
        new RequestId((ulong)Math.Clamp(unixMs, 0, (1L << 48) - 1) << 16, 0).ToGuid();

    private sealed record UsedRow
    {
        public long Requests { get; init; }
        public long Tokens { get; init; }
        public long Units { get; init; }
    }
}
