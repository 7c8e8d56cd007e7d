using System.Globalization;
using System.Net;
using Dapper;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;

namespace TokenHub.ControlPlane.Tests.Accounts;

/// <summary>Every hostile amount on every call that takes money: a clear refusal, and nothing changed (S30).</summary>
public sealed class HostileAmountTests(Servers servers)
{
    private static readonly RequestId Charged = RequestId.Create(1_800_000_000_000, 77, 1, 1);

    // Method, path, body with @ where the amount stands, and the field that is named.
    public static TheoryData<string, string, string, string> Places => new()
    {
        { "POST", "/users/{user}/credits", """{"amount":@,"reason":"x"}""", "amount" },
        { "POST", "/requests/{request}/corrections", """{"amount":@,"reason":"x"}""", "amount" },
        { "POST", "/keys", """{"name":"k","spend_limit":@}""", "spend_limit" },
        { "PATCH", "/keys/{key}", """{"spend_limit":@}""", "spend_limit" },
        { "PUT", "/prices", """{"model":"m","input":@,"output":"1"}""", "input" },
        { "PUT", "/prices", """{"model":"m","input":"1","output":@}""", "output" },
        { "PUT", "/prices", """{"model":"m","input":"1","output":"1","cache_read":@}""", "cache_read" },
        { "PUT", "/prices", """{"model":"m","input":"1","output":"1","cache_write_5m":@}""", "cache_write_5m" },
        { "PUT", "/prices", """{"model":"m","input":"1","output":"1","cache_write_1h":@}""", "cache_write_1h" },
        { "PUT", "/prices", """{"model":"m","input":"1","output":"1","upstream_input":@}""", "upstream_input" },
        { "PUT", "/prices", """{"model":"m","input":"1","output":"1","upstream_output":@}""", "upstream_output" },
        { "PUT", "/prices", """{"model":"m","input":"1","output":"1","upstream_cache_read":@}""", "upstream_cache_read" },
        {
            "PUT", "/prices", """{"model":"m","input":"1","output":"1","upstream_cache_write_5m":@}""",
            "upstream_cache_write_5m"
        },
        {
            "PUT", "/prices", """{"model":"m","input":"1","output":"1","upstream_cache_write_1h":@}""",
            "upstream_cache_write_1h"
        },
        { "PATCH", "/settings", """{"fallback_price":{"input":@,"output":"1"}}""", "fallback_price" },
        { "PATCH", "/settings", """{"fallback_price":{"input":"1","output":"1","upstream_input":@}}""", "fallback_price" },
        { "PATCH", "/channels/{channel}", """{"windows":[{"limit_usd":@,"period_unit":"day"}]}""", "windows" },
        { "PATCH", "/channels/{channel}", """{"windows":[{"limit_points":@,"period_unit":"day"}]}""", "windows" },
        { "POST", "/channels", NewChannel, "windows" },
    };

    private const string NewChannel = """
        {"name":"c","provider":"openai","base_url":"https://api.example.com","models":["m"],
        "credential":{"type":"api_key","api_key":"k"},"windows":[{"limit_usd":@,"period_unit":"day"}]}
        """;

    [Fact]
    public void There_are_a_hundred_and_fifty_of_them_and_none_twice()
    {
        Assert.True(HostileAmounts.All.Count >= 150, $"{HostileAmounts.All.Count}");
        Assert.Equal(HostileAmounts.All.Count, HostileAmounts.All.Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Hostile_amounts_are_refused_and_change_nothing(
        string method, string path, string body, string field)
    {
        await using var plane = await Plane.StartAsync(servers);
        path = await PreparedAsync(plane, path);
        var before = await FingerprintAsync(plane);
        var number = 0;

        foreach (var amount in HostileAmounts.All.Where(a => field is not ("input" or "output" or "fallback_price")
            && !field.StartsWith("cache_", StringComparison.Ordinal)
            && !field.StartsWith("upstream_", StringComparison.Ordinal) || !HostileAmounts.PlainNumbers.Contains(a)))
        {
            var answer = await plane.Admin.SendAsync(
                new HttpMethod(method),
                "/api/v1" + path,
                body.Replace("@", amount, StringComparison.Ordinal),
                ("Idempotency-Key", (++number).ToString(CultureInfo.InvariantCulture)));

            var shown = amount.Length > 40 ? amount[..40] : amount;
            Assert.True(answer.Status == HttpStatusCode.BadRequest, $"{shown}: {(int)answer.Status} {answer.Content}");
            Assert.True(answer.Code is "invalid_request", $"{shown}: {answer.Content}");
            Assert.True(
                answer.Errors.All(error => error.StartsWith(field, StringComparison.Ordinal)), $"{shown}: {answer.Content}");
            Assert.True(answer.Content.Length < 2_000, $"{shown}: the answer repeats what was sent");
        }

        Assert.Equal(before, await FingerprintAsync(plane));
    }

    [Theory]
    [InlineData("0", "out_of_range")]
    [InlineData("0.00000000", "out_of_range")]
    [InlineData("10.00000001", "out_of_range")]
    [InlineData("90071992.54740991", "out_of_range")]
    public async Task Amount_that_is_well_written_but_no_refund_is_refused(string amount, string code)
    {
        await using var plane = await Plane.StartAsync(servers);
        var path = await PreparedAsync(plane, "/requests/{request}/corrections");
        var before = await FingerprintAsync(plane);

        var answer = await plane.Admin.PostAsync(
            "/api/v1" + path, new { amount, reason = "x" }, ("Idempotency-Key", "k"));

        answer.ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal([$"amount {code}"], answer.Errors);
        Assert.Equal(before, await FingerprintAsync(plane));
    }

    // A user with a key, a charged request and a channel, in the place of the names in the path.
    private static async Task<string> PreparedAsync(Plane plane, string path)
    {
        if (path.Contains("{user}", StringComparison.Ordinal))
        {
            path = path.Replace("{user}", (await plane.PersonAsync()).Id, StringComparison.Ordinal);
        }

        if (path.Contains("{key}", StringComparison.Ordinal))
        {
            var key = await plane.Admin.PostAsync("/api/v1/keys", new { name = "k" });
            path = path.Replace("{key}", key.Text("id"), StringComparison.Ordinal);
        }

        if (path.Contains("{channel}", StringComparison.Ordinal))
        {
            var channel = await plane.Admin.SendAsync(
                HttpMethod.Post, "/api/v1/channels", NewChannel.Replace("@", "\"1\"", StringComparison.Ordinal));
            path = path.Replace("{channel}", channel.Text("id"), StringComparison.Ordinal);
        }

        if (path.Contains("{request}", StringComparison.Ordinal))
        {
            await ChargeAsync(plane);
            path = path.Replace("{request}", Charged.ToString(), StringComparison.Ordinal);
        }

        return path;
    }

    private static async Task ChargeAsync(Plane plane)
    {
        await using var connection = await plane.ConnectAsync();
        await connection.ExecuteAsync("select ensure_usage_day('2027-01-15')");
        await connection.ExecuteAsync(
            """
            insert into usage_events (
              rid, gateway_no, account_id, key_id, channel_id, owner_account_id, owner_share_bp, price_id, model, dialect,
              outcome, is_stream, is_counted, status, started_at, first_token_ms, duration_ms, hold_units, cost_units,
              owner_units, input, cache_read, cache_write_5m, cache_write_1h, cache_write_other, output, reasoning,
              tool_use_prompt, upstream_id)
            values (@rid, 1, 1001, 0, 0, 0, 0, 0, 'm', 1, 1, false, false, 200, now(), 0, 0, 0, @cost, 0, 0, 0, 0, 0, 0, 0,
              0, 0, '')
            """,
            new { rid = Charged.ToGuid(), cost = Usd.FromDollars(10).Units });
    }

    // Everything that money or a rule about money could have moved.
    private static async Task<string> FingerprintAsync(Plane plane)
    {
        await using var connection = await plane.ConnectAsync();
        return await connection.ExecuteScalarAsync<string>(
            """
            select concat_ws(' ',
              (select count(*) from transfers), (select count(*) from corrections), (select count(*) from prices),
              (select md5(string_agg(a::text, ',' order by id)) from accounts a),
              (select md5(string_agg(k::text, ',' order by id)) from api_keys k),
              (select md5(string_agg(c::text, ',' order by id)) from channels c),
              (select md5(string_agg(s::text, ',')) from settings s),
              (select count(*) from audit_events), (select count(*) from idempotency_keys),
              (select version from snapshot_version), (select count(*) from pending_changes))
            """) ?? "";
    }
}
