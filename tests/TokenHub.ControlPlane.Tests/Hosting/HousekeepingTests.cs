using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using TokenHub.ControlPlane.Hosting;
using TokenHub.ControlPlane.Tests.Support;

namespace TokenHub.ControlPlane.Tests.Hosting;

public sealed class HousekeepingTests(Servers servers)
{
    private const string CountsSql = """
        select (select count(*) from sessions) + (select count(*) from login_throttles)
          + (select count(*) from idempotency_keys)
        """;

    [Fact]
    public async Task What_nobody_will_ask_for_again_goes_and_the_rest_stays()
    {
        var clock = new ShiftedClock();
        await using var plane = await Plane.StartAsync(
            servers, adjust: services => services.AddSingleton<TimeProvider>(clock));
        var person = await plane.PersonAsync();
        await plane.Anyone.PostAsync("/api/v1/auth/login", new { email = "x@example.com", password = "wrong one" });
        await plane.Admin.PostAsync(
            $"/api/v1/users/{person.Id}/credits", new { amount = "1", reason = "x" }, ("Idempotency-Key", "k"));
        using var housekeeping = new Housekeeping(plane.Database, clock, NullLogger<Housekeeping>.Instance);
        await using var connection = await plane.ConnectAsync();

        var before = await connection.ExecuteScalarAsync<long>(CountsSql);
        await housekeeping.TidyAsync(TestContext.Current.CancellationToken);
        var same = await connection.ExecuteScalarAsync<long>(CountsSql);
        clock.Advance(TimeSpan.FromDays(8));
        await housekeeping.TidyAsync(TestContext.Current.CancellationToken);

        Assert.InRange(before, 6, 100);
        Assert.Equal(before, same);
        Assert.Equal(0, await connection.ExecuteScalarAsync<long>(CountsSql));
    }

    [Theory]
    [InlineData("update audit_events set action = 'x'")]
    [InlineData("delete from audit_events")]
    [InlineData("truncate audit_events")]
    public async Task Audit_log_only_grows(string sql)
    {
        await using var connection = await servers.Shared.ConnectAsync();

        Assert.True(await connection.ExecuteScalarAsync<long>("select count(*) from audit_events") > 0);
        await Assert.ThrowsAsync<Npgsql.PostgresException>(() => connection.ExecuteAsync(sql));
    }

    [Fact]
    public async Task Changes_are_written_down_with_who_and_what()
    {
        var person = await servers.Shared.PersonAsync();
        var key = (await person.Api.PostAsync("/api/v1/keys", new { name = "a" })).Text("id");
        await person.Api.PatchAsync($"/api/v1/keys/{key}", new { rpm = 5, name = "b" });

        await using var connection = await servers.Shared.ConnectAsync();
        var rows = (await connection.QueryAsync<(string Action, long UserId, string Detail)>(
            "select action, user_id, detail::text from audit_events where target = @key order by id",
            new { key })).ToList();

        Assert.Equal(["key.create", "key.update"], rows.Select(row => row.Action));
        Assert.All(rows, row => Assert.Equal(person.Id, $"usr_{row.UserId}"));
        Assert.Contains("\"rpm\"", rows[1].Detail, StringComparison.Ordinal);
    }
}
