using System.Net;
using Dapper;
using Npgsql;
using TokenHub.ControlPlane.Hosting;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.Ledger.Migrations;

namespace TokenHub.ControlPlane.Tests.Hosting;

/// <summary>A control plane that runs as a role of its own can do its work and rewrite nothing (S39).</summary>
public sealed class RuntimeRoleTests(Servers servers)
{
    private static int _roles;

    public static TheoryData<string> Forbidden
    {
        get
        {
            var data = new TheoryData<string>
            {
                "create table mine (id bigint)", "create function mine() returns int language sql as 'select 1'",
                "drop table transfers", "alter table transfers disable trigger all", "alter table users add column x int",
                "drop trigger transfers_append_only on transfers", "set session_replication_role = replica",
                "insert into schema_migrations (name, sha256) values ('x', 'y')", "delete from schema_migrations",
                "create role another", "drop function ensure_usage_day(date)",
                "create or replace function refuse_rewrite() returns trigger language plpgsql as $$ begin return new; end $$",
                "delete from usage_events_early", "insert into usage_events_early select * from usage_events",
                "copy transfers to '/tmp/transfers'",
            };
            foreach (var table in RuntimeRole.AppendOnly)
            {
                data.Add($"delete from {table}");
                data.Add($"truncate {table}");
                data.Add($"update {table} set " + table switch
                {
                    "transfers" => "amount_units = 1",
                    "transfer_seals" => "no = 1",
                    "audit_events" => "action = ''",
                    "write_offs" => "gateway_no = 1",
                    _ => "rid = rid",
                });
            }

            foreach (var table in (string[])["accounts", "users", "prices", "settle_dead"])
            {
                data.Add($"truncate {table}");
                data.Add($"alter table {table} disable trigger all");
            }

            return data;
        }
    }

    [Fact]
    public async Task Every_statement_that_could_rewrite_money_is_refused_and_the_work_goes_on()
    {
        var (plane, role) = await StartAsync();
        await using var _ = plane;
        var person = await plane.PersonAsync();
        (await plane.Admin.PostAsync(
            $"/api/v1/users/{person.Id}/credits", new { amount = "5", reason = "x" }, ("Idempotency-Key", "k")))
            .Expect(HttpStatusCode.Created);
        (await plane.Admin.PutAsync("/api/v1/prices", new { model = "m", input = "1", output = "1" }))
            .Expect(HttpStatusCode.OK);
        await using var connection = await plane.ConnectAsync();
        Assert.Equal(role, await connection.ExecuteScalarAsync<string>("select current_user::text"));

        // Partitions of a day are made with the owner's rights.
        await connection.ExecuteAsync("select ensure_usage_day('2031-05-06'); select ensure_usage_day('2031-05-06')");
        Assert.True((await plane.Admin.GetAsync("/api/v1/ledger/verify")).Json.GetProperty("ok").GetBoolean());

        foreach (var statement in Forbidden.Select(row => row.Data))
        {
            var refusal = await Assert.ThrowsAsync<PostgresException>(() => connection.ExecuteAsync(statement));
            Assert.True(refusal.SqlState == PostgresErrorCodes.InsufficientPrivilege, $"{statement}: {refusal.Message}");
        }

        Assert.True(Forbidden.Count >= 40, $"{Forbidden.Count}");
    }

    [Fact]
    public async Task Role_that_could_do_everything_anyway_is_no_reason_to_start()
    {
        var database = await servers.Postgres.CreateDatabaseAsync();
        var owner = servers.Postgres.ConnectionString(database);
        var name = $"mighty_{Interlocked.Increment(ref _roles)}";
        await servers.Postgres.CreateRoleAsync(name);
        await using (var connection = new NpgsqlConnection(owner))
        {
            await connection.ExecuteAsync($"grant tokenhub to {name}");
        }

        foreach (var (role, why) in ((string, string)[])[(name, "rights of the owner"), ("nobody_here", "does not exist")])
        {
            var options = Plane.OptionsFor(servers, database) with
            {
                MigrationConnection = owner,
                DatabaseConnection = new NpgsqlConnectionStringBuilder(owner) { Username = role }.ConnectionString,
            };
            var fault = await Assert.ThrowsAsync<MigrationException>(
                () => ControlPlaneStart.StartAsync(options, TextWriter.Null, TestContext.Current.CancellationToken));
            Assert.Contains(why, fault.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Owner_itself_is_given_nothing_and_starts()
    {
        await using var plane = await Plane.StartAsync(
            servers, options => options with { MigrationConnection = options.DatabaseConnection });

        (await plane.Admin.GetAsync("/api/v1/users")).Expect(HttpStatusCode.OK);
    }

    private async Task<(Plane Plane, string Role)> StartAsync()
    {
        var role = $"runtime_{Interlocked.Increment(ref _roles)}";
        await servers.Postgres.CreateRoleAsync(role);
        var plane = await Plane.StartAsync(servers, options => options with
        {
            MigrationConnection = options.DatabaseConnection,
            DatabaseConnection =
                new NpgsqlConnectionStringBuilder(options.DatabaseConnection) { Username = role }.ConnectionString,
        });
        return (plane, role);
    }
}
