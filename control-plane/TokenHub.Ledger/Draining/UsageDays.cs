using Dapper;
using Npgsql;
using TokenHub.Core.Requests;

namespace TokenHub.Ledger.Draining;

/// <summary>Makes the day partitions of usage that a batch needs, before its transaction begins.</summary>
internal sealed class UsageDays(NpgsqlDataSource database)
{
    /// <summary>Ids of earlier days (a gateway without a clock) share one partition that is always there.</summary>
    private static readonly DateOnly First = new(2025, 1, 1);

    private const string EnsureDaySql = "select ensure_usage_day(@day::date)";

    private readonly Lock _gate = new();
    private readonly HashSet<DateOnly> _known = [];

    public async Task EnsureAsync(IEnumerable<RequestId> ids, CancellationToken ct)
    {
        List<DateOnly> missing;
        lock (_gate)
        {
            missing = [.. ids.Select(DayOf).Distinct().Where(day => day >= First && !_known.Contains(day)).Order()];
        }

        foreach (var day in missing)
        {
            await using var connection = await database.OpenConnectionAsync(ct);
            await connection.ExecuteAsync(new CommandDefinition(
                EnsureDaySql, new { day = day.ToDateTime(TimeOnly.MinValue) }, cancellationToken: ct));
            lock (_gate)
            {
                _known.Add(day);
            }
        }
    }

    private static DateOnly DayOf(RequestId id) =>
        DateOnly.FromDateTime(DateTimeOffset.FromUnixTimeMilliseconds(id.UnixMs).UtcDateTime);
}
