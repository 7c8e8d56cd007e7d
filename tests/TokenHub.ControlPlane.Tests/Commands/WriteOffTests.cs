using System.Globalization;
using System.Text.Json;
using Dapper;
using TokenHub.ControlPlane.Commands;
using TokenHub.ControlPlane.Tests.Support;

namespace TokenHub.ControlPlane.Tests.Commands;

public sealed class WriteOffTests(Servers servers)
{
    [Fact]
    public async Task Dead_gateway_is_written_off_and_the_audit_log_says_so()
    {
        await using var plane = await Plane.StartAsync(servers);
        await using var connection = await plane.ConnectAsync();
        await connection.ExecuteAsync(
            "insert into gateways (no, gateway_id, boot_no, last_beat_at) values (900, 'gone', 1, now() - interval '1 hour')");

        var (code, output, _) = await RunAsync(plane, "gone");

        var result = JsonSerializer.Deserialize<JsonElement>(output);
        Assert.Equal(
            (0, "gone", 0, 0, "0.00000000"),
            (code, result.Str("gateway"), result.Int("posted"), result.Int("released"), result.Str("held")));
        Assert.Equal("gone", await connection.ExecuteScalarAsync<string>(
            "select target from audit_events where action = 'gateway.write_off'"));
    }

    [Fact]
    public async Task Living_and_unknown_gateways_are_refused()
    {
        await using var plane = await Plane.StartAsync(servers);
        await using var connection = await plane.ConnectAsync();
        await connection.ExecuteAsync("insert into gateways (no, gateway_id, boot_no) values (901, 'here', 1)");

        var (alive, _, why) = await RunAsync(plane, "here");
        var (unknown, _, _) = await RunAsync(plane, "nobody");
        var (misused, _, usage) = await RunAsync(plane);

        Assert.Equal((1, 1, 2), (alive, unknown, misused));
        Assert.Contains("is alive", why, StringComparison.Ordinal);
        Assert.Contains("gateway write-off <id", usage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_lists_every_command_with_its_meaning()
    {
        using var output = new StringWriter(CultureInfo.InvariantCulture);
        await ControlPlaneCommand.RunAsync(["--help"], _ => null, output, TextWriter.Null);

        Assert.All(OperatorCommand.All, command => Assert.Contains(
            output.ToString().Split('\n'),
            line => line.Contains(command.Usage, StringComparison.Ordinal)
                && line.Contains(command.Meaning, StringComparison.Ordinal)));
        Assert.Equal(OperatorCommand.All.Count, OperatorCommand.All.Select(c => c.Usage).Distinct().Count());
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(Plane plane, params string[] arguments)
    {
        var database = new Npgsql.NpgsqlConnectionStringBuilder(plane.Database.ConnectionString).Database!;
        using var output = new StringWriter(CultureInfo.InvariantCulture);
        using var error = new StringWriter(CultureInfo.InvariantCulture);
        var code = await ControlPlaneCommand.RunAsync(
            ["gateway", "write-off", .. arguments],
            name => name switch
            {
                "TOKENHUB_DATABASE_URL" => servers.Postgres.Url(database),
                "TOKENHUB_REDIS_URL" => $"{servers.Redis.Url}/{servers.RedisDatabaseOf(database)}",
                _ => null,
            },
            output,
            error);
        return (code, output.ToString(), error.ToString());
    }
}
