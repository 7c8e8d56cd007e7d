using System.Globalization;
using System.Net;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using TokenHub.ControlPlane.Metrics;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Ledger.Draining;
using TokenHub.Ledger.Sealing;

namespace TokenHub.ControlPlane.Tests.Metrics;

/// <summary>What an operator watches of the money: named, counted, and shown to nobody without a token.</summary>
public sealed class MetricsTests(Servers servers)
{
    private const string Token = "a token for the metrics";

    [Fact]
    public async Task Metrics_name_everything_that_can_go_wrong_with_money()
    {
        await using var plane = await Plane.StartAsync(servers, options => options with { MetricsToken = Token });
        await using (var connection = await plane.ConnectAsync())
        {
            // A new plane closes all of them, with a new epoch, before it opens them.
            await TestKit.Servers.Probe.UntilAsync(
                async () => await connection.ExecuteScalarAsync<int>(
                    "select count(*) from shards where epoch > 0 and rebuilding is null") == 256,
                TimeSpan.FromSeconds(20),
                "all shards are open");
            await connection.ExecuteAsync(
                """
                insert into settle_dead (gateway_no, boot_no, lsn, record, reason) values (1, 1, 7, '\x00', 'x');
                update shards set rebuilding = 1 where no in (3, 4);
                insert into transfers (kind, debit_account, credit_account, amount_units)
                select 'credit', 2, 1, 5 from generate_series(1, 3)
                """);
        }

        await plane.With(Plane.Token).PostAsync(PlaneMessages.RegisterPath, new { gateway_id = "gw \"a\"", version = "1" });
        var money = plane.Services.GetRequiredService<MoneyMetrics>();
        var ended = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        // The first by a clock that is ahead: no delay, however long this test takes here.
        money.Note(new PostedBatch([], [], [RequestEnded(ended + 60_000), RequestEnded(ended - 1_000), RequestEnded(ended - 9_000_000)])
        {
            Added = 2, Parked = 1,
        });
        money.NoteReleased(4);
        money.NoteCopies(5);

        var lines = (await plane.With(Token).GetAsync("/metrics")).Expect(HttpStatusCode.OK).Content.Split('\n');

        Assert.Superset(
            new HashSet<string>
            {
                "tokenhub_ledger_up 1", "tokenhub_ledger_posted_total 2", "tokenhub_ledger_parked_total 1",
                "tokenhub_holds_released_total 4", "tokenhub_outbox_swept_total 5", "tokenhub_dead_letters 1",
                "tokenhub_ledger_chain_ok 1", "tokenhub_settlement_lag_seconds_bucket{le=\"0.05\"} 1",
                "tokenhub_settlement_lag_seconds_bucket{le=\"5\"} 2", "tokenhub_settlement_lag_seconds_bucket{le=\"3600\"} 2",
                "tokenhub_settlement_lag_seconds_bucket{le=\"+Inf\"} 3", "tokenhub_settlement_lag_seconds_count 3",
                "tokenhub_gateway_up{gateway=\"gw \\\"a\\\"\"} 1", "tokenhub_gateway_lag_records{gateway=\"gw \\\"a\\\"\"} 0",
                "tokenhub_gateway_open_holds{gateway=\"gw \\\"a\\\"\"} 0",
            },
            lines.ToHashSet());
        Assert.InRange(Value(lines, "tokenhub_shards_closed"), 0, 2);
        Assert.InRange(Value(lines, "tokenhub_ledger_unsealed"), 0, 3);
        Assert.All(
            lines.Where(line => line.Length > 0 && line[0] != '#'),
            line => Assert.Contains($"# TYPE {line.Split('{', ' ')[0].Replace("_bucket", "").Replace("_sum", "").Replace("_count", "")} ", string.Join('\n', lines)));
    }

    [Fact]
    public async Task Metrics_open_to_their_token_and_the_gateways_alone_and_say_when_the_database_is_away()
    {
        await using var plane = await Plane.StartAsync(servers, options => options with { MetricsToken = Token });
        await using var without = await Plane.StartAsync(servers);

        foreach (var api in (Api[])[plane.Anyone, plane.Admin, plane.With(""), plane.With(Token + "x"), without.With(Token), without.With("")])
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await api.GetAsync("/metrics")).Status);
        }

        (await without.With(Plane.Token).GetAsync("/metrics")).Expect(HttpStatusCode.OK);
        var name = new NpgsqlConnectionStringBuilder(plane.Database.ConnectionString).Database!;
        await using var elsewhere = await without.ConnectAsync();
        await elsewhere.ExecuteAsync($"""alter database "{name}" with allow_connections false""");

        // Again, should one have been about to connect.
        await TestKit.Servers.Probe.UntilAsync(
            async () =>
            {
                await elsewhere.ExecuteAsync(
                    "select pg_terminate_backend(pid) from pg_stat_activity where datname = @name", new { name });
                return (await plane.With(Token).GetAsync("/metrics")).Expect(HttpStatusCode.OK).Content
                    .Contains("tokenhub_ledger_up 0", StringComparison.Ordinal);
            },
            TimeSpan.FromSeconds(30),
            "the metrics say that the database is away");
    }

    [Fact]
    public async Task Chain_that_was_made_anew_shows()
    {
        var folder = Directory.CreateTempSubdirectory("tokenhub-heads-");
        await using var plane = await Plane.StartAsync(
            servers, options => options with { MetricsToken = Token, DataDir = folder.FullName });
        HeadBook.Open(folder.FullName, plane.Options.MasterKey, null);
        var heads = plane.Services.GetRequiredService<HeadKeeper>();
        await using (var connection = await plane.ConnectAsync())
        {
            await connection.ExecuteAsync(
                "insert into transfers (kind, debit_account, credit_account, amount_units) values ('credit', 2, 1, 5)");
            await TestKit.Servers.Probe.UntilAsync(
                async () =>
                {
                    await heads.KeepAsync(TestContext.Current.CancellationToken);
                    return File.Exists(Path.Combine(folder.FullName, "chain-heads"));
                },
                TimeSpan.FromSeconds(10),
                "a head is kept");
            await connection.ExecuteAsync(
                """
                set session_replication_role = replica;
                update transfer_seals set hash = sha256(hash);
                set session_replication_role = origin
                """);
        }

        await TestKit.Servers.Probe.UntilAsync(
            async () =>
            {
                await heads.KeepAsync(TestContext.Current.CancellationToken);
                return heads.Fault is not null;
            },
            TimeSpan.FromSeconds(10),
            "it is noticed");

        Assert.Contains(
            "tokenhub_ledger_chain_ok 0\n", (await plane.With(Token).GetAsync("/metrics")).Content, StringComparison.Ordinal);
        var report = (await plane.Admin.GetAsync("/api/v1/ledger/verify")).Expect(HttpStatusCode.OK).Json;
        Assert.False(report.GetProperty("ok").GetBoolean());
        Assert.Equal(1, report.GetProperty("chain").GetProperty("heads_kept").GetInt32());
        folder.Delete(recursive: true);
    }

    private static DrainedRequest RequestEnded(long ms) =>
        new(RequestId.Create(1_790_000_000_000, 1, 1, 1), 1, 1) { EndedMs = ms };

    private static long Value(IEnumerable<string> lines, string name) =>
        long.Parse(lines.Single(line => line.StartsWith(name + " ", StringComparison.Ordinal)).Split(' ')[1], CultureInfo.InvariantCulture);
}
