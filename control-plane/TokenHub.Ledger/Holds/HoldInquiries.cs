using Dapper;
using Npgsql;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Redis;

namespace TokenHub.Ledger.Holds;

/// <summary>
/// Questions to living gateways about holds that are past their deadline: do you know this request? They travel with
/// the answers to beats, and the answers with the beats after.
/// </summary>
internal static class HoldInquiries
{
    /// <summary>Most questions in one answer to a beat.</summary>
    private const int AskedMax = 200;

    private const string AskSql = """
        insert into hold_inquiries (rid, gateway_no, boot_no)
        select unnest(@rids::uuid[]), unnest(@gateways::integer[]), unnest(@boots::integer[])
        on conflict (rid) do nothing
        """;

    private const string NoteSql = """
        update hold_inquiries set is_unknown = true
        where rid = any(@rids) and gateway_no = @gatewayNo and boot_no = @bootNo
        """;

    private const string OpenSql = """
        select rid from hold_inquiries
        where gateway_no = @gatewayNo and boot_no = @bootNo and not is_unknown
        order by asked_at
        limit @limit
        """;

    private const string UnknownSql = "select rid from hold_inquiries where is_unknown and rid = any(@rids)";

    private const string ForgetSql =
        "delete from hold_inquiries where rid = any(@rids) or asked_at < now() - interval '10 minutes'";

    /// <summary>Takes the answers that a beat brings, and returns what is still asked of that gateway.</summary>
    public static async Task<IReadOnlyList<string>?> ExchangeAsync(
        NpgsqlConnection connection, PlaneMessages.GatewayBeat beat, CancellationToken ct)
    {
        if (beat.Unknown is { Count: > 0 } unknown)
        {
            var rids = unknown.Take(AskedMax).Select(text => RequestId.TryParse(text, out var rid) ? rid : default)
                .Where(rid => rid != default).Select(rid => rid.ToGuid()).ToArray();
            await connection.ExecuteAsync(new CommandDefinition(
                NoteSql, new { rids, gatewayNo = beat.GatewayNo, bootNo = beat.BootNo }, cancellationToken: ct));
        }

        var asked = (await connection.QueryAsync<Guid>(new CommandDefinition(
            OpenSql,
            new { gatewayNo = beat.GatewayNo, bootNo = beat.BootNo, limit = AskedMax },
            cancellationToken: ct))).AsList();
        return asked.Count == 0 ? null : [.. asked.Select(rid => RequestId.FromGuid(rid).ToString())];
    }

    public static Task AskAsync(NpgsqlConnection connection, IReadOnlyList<DueHold> holds, CancellationToken ct) =>
        connection.ExecuteAsync(new CommandDefinition(
            AskSql,
            new
            {
                rids = holds.Select(hold => hold.Rid.ToGuid()).ToArray(),
                gateways = holds.Select(hold => hold.GatewayNo).ToArray(),
                boots = holds.Select(hold => hold.BootNo).ToArray(),
            },
            cancellationToken: ct));

    /// <summary>Those of the requests that their own gateway does not know.</summary>
    public static async Task<HashSet<RequestId>> ReadUnknownAsync(
        NpgsqlConnection connection, IEnumerable<RequestId> requests, CancellationToken ct)
    {
        var rids = requests.Select(rid => rid.ToGuid()).ToArray();
        var found = await connection.QueryAsync<Guid>(
            new CommandDefinition(UnknownSql, new { rids }, cancellationToken: ct));
        return [.. found.Select(RequestId.FromGuid)];
    }

    public static Task ForgetAsync(
        NpgsqlConnection connection, IEnumerable<RequestId> requests, CancellationToken ct) =>
        connection.ExecuteAsync(new CommandDefinition(
            ForgetSql, new { rids = requests.Select(rid => rid.ToGuid()).ToArray() }, cancellationToken: ct));
}
