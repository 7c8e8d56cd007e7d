using Dapper;
using Npgsql;

namespace TokenHub.ControlPlane.Audit;

/// <summary>
/// Who changed what. Written in the transaction of the change, so that neither stands without the other.
/// </summary>
internal static class AuditLog
{
    private const string AddSql = """
        insert into audit_events (user_id, action, target, detail)
        values (@UserId, @Action, @Target, cast(@Detail as jsonb))
        """;

    /// <param name="userId">Null when the system itself acts.</param>
    /// <param name="detail">A JSON object without secrets.</param>
    public static Task AddAsync(
        NpgsqlTransaction transaction,
        long? userId,
        string action,
        string target,
        CancellationToken cancellation,
        string detail = "{}") =>
        transaction.Connection!.ExecuteAsync(new CommandDefinition(
            AddSql,
            new { UserId = userId, Action = action, Target = target, Detail = detail },
            transaction,
            cancellationToken: cancellation));

    /// <summary>The detail of a change: the names of the fields, not their values.</summary>
    public static string Fields(IEnumerable<string> fields) =>
        $$"""{"fields":[{{string.Join(',', fields.Select(field => $"\"{field}\""))}}]}""";
}
