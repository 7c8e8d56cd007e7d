using System.Text.Json;
using Dapper;
using Npgsql;
using TokenHub.ControlPlane.Problems;
using TokenHub.Core.Money;

namespace TokenHub.ControlPlane.Settings;

/// <summary>The setting that says what one point is worth; a dollar where nothing is said.</summary>
internal static class PointSetting
{
    public const string FindSql = "select value::text from settings where name = 'point_usd'";

    private const string PutSql = """
        insert into settings (name, value, updated_at) values ('point_usd', to_jsonb(@Value::text), now())
        on conflict (name) do update set value = excluded.value, updated_at = excluded.updated_at
        """;

    private const string RemoveSql = "delete from settings where name = 'point_usd'";

    private static readonly Usd Usual = Usd.FromDollars(1);

    /// <param name="json">The setting's value, or null when it is not set.</param>
    public static Usd Of(string? json) =>
        json is null ? Usual : JsonSerializer.Deserialize(json, ApiJsonContext.Default.Usd);

    public static void Check(Usd? value)
    {
        if (value is { Units: <= 0 })
        {
            throw RefusedException.Field("point_usd", "out_of_range", "must be above zero");
        }
    }

    public static Task SetAsync(NpgsqlTransaction transaction, Usd? value, CancellationToken cancellation) =>
        transaction.Connection!.ExecuteAsync(value is { } amount
            ? new CommandDefinition(
                PutSql, new { Value = amount.ToString() }, transaction, cancellationToken: cancellation)
            : new CommandDefinition(RemoveSql, null, transaction, cancellationToken: cancellation));
}
