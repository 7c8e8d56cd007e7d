using System.Globalization;
using System.Text.Json;
using TokenHub.ControlPlane.Options;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.Ledger.Migrations;

namespace TokenHub.ControlPlane.Tests.Options;

public sealed class ControlPlaneCommandTests(Servers servers) : IDisposable
{
    private readonly StringWriter _output = new(CultureInfo.InvariantCulture);
    private readonly StringWriter _error = new(CultureInfo.InvariantCulture);

    [Fact]
    public async Task Help_lists_every_variable_with_default_and_meaning()
    {
        Assert.Equal(0, await RunAsync(["--help"]));

        var lines = _output.ToString().Split('\n');
        foreach (var variable in OptionVariable.All)
        {
            var start = $"  TOKENHUB_{variable.Name} ";
            var line = Assert.Single(lines, l => l.StartsWith(start, StringComparison.Ordinal));
            Assert.Contains(variable.Default, line, StringComparison.Ordinal);
            Assert.Contains(variable.Meaning, line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Faults_stop_the_start_with_code_2_and_stand_on_standard_error()
    {
        Assert.Equal(2, await RunAsync([]));

        Assert.Empty(_output.ToString());
        Assert.Contains("TOKENHUB_DATABASE_URL is required", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("TOKENHUB_MASTER_KEY is required", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unknown_arguments_are_refused() => Assert.Equal(2, await RunAsync(["ledger", "burn"]));

    [Fact]
    public async Task Ledger_verify_prints_the_report_and_succeeds_on_a_sound_ledger()
    {
        var plane = servers.Shared;

        var code = await VerifyAsync(plane.Database.ConnectionString);

        var report = JsonSerializer.Deserialize<JsonElement>(_output.ToString());
        Assert.True(report.Bool("ok"), _output.ToString());
        Assert.Equal("0.00000000", report.Str("sum"));
        Assert.Equal(0, code);
    }

    [Fact]
    public async Task Ledger_verify_fails_on_a_balance_without_postings()
    {
        var name = await servers.Postgres.CreateDatabaseAsync();
        await using var database = Npgsql.NpgsqlDataSource.Create(servers.Postgres.ConnectionString(name));
        await new Migrator(database).MigrateAsync(TestContext.Current.CancellationToken);
        await using (var command = database.CreateCommand("update accounts set balance_units = 5 where id = 1"))
        {
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        Assert.Equal(1, await VerifyAsync(servers.Postgres.ConnectionString(name)));
        Assert.Contains("\"ok\":false", _output.ToString(), StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _output.Dispose();
        _error.Dispose();
    }

    [Fact]
    public async Task Ledger_that_cannot_be_read_is_not_sound()
    {
        Assert.Equal(1, await VerifyAsync("Host=127.0.0.1;Port=1;Username=u;Database=d"));

        Assert.Empty(_output.ToString());
        Assert.Contains("cannot be read", _error.ToString(), StringComparison.Ordinal);
    }

    private Task<int> RunAsync(string[] args) => ControlPlaneCommand.RunAsync(args, _ => null, _output, _error);

    private Task<int> VerifyAsync(string connection)
    {
        var parts = new Npgsql.NpgsqlConnectionStringBuilder(connection);
        var url = $"postgres://{parts.Username}:x@{parts.Host}:{parts.Port}/{parts.Database}";
        return ControlPlaneCommand.RunAsync(
            ["ledger", "verify"], name => name == "TOKENHUB_DATABASE_URL" ? url : null, _output, _error);
    }
}
