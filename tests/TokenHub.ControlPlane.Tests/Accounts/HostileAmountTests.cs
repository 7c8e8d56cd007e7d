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

    // What else a body needs, by operation. An operation of the document with an amount has to stand here.
    private static readonly Dictionary<string, string> Bodies = new()
    {
        ["POST /users/{id}/credits"] = """{"reason":"x"}""",
        ["POST /requests/{id}/corrections"] = """{"reason":"x"}""",
        ["POST /keys"] = """{"name":"k"}""",
        ["PATCH /keys/{id}"] = "{}",
        ["POST /channels"] = NewChannel,
        ["PATCH /channels/{id}"] = "{}",
        ["POST /groups"] = """{"name":"g"}""",
        ["PATCH /groups/{name}"] = "{}",
        ["PUT /prices"] = """{"model":"m","input":"1","output":"1"}""",
        ["PUT /prices/of-list"] = """{"model":"m","input":"1","output":"1","share_bp":6000}""",
        ["PATCH /settings"] = "{}",
        ["PUT /settings/routing"] = "{}",
    };

    private const string NewChannel = """
        {"name":"c","provider":"openai","base_url":"https://api.example.com","models":["m"],
        "credential":{"type":"api_key","api_key":"k"}}
        """;

    /// <summary>Every operation whose body takes an amount, as the API's own document says.</summary>
    public static TheoryData<string> Operations =>
        [.. AmountPlaces.All.Select(place => place.Operation).Distinct()];

    [Fact]
    public void There_are_a_hundred_and_fifty_of_them_and_none_twice()
    {
        Assert.True(HostileAmounts.All.Count >= 150, $"{HostileAmounts.All.Count}");
        Assert.Equal(HostileAmounts.All.Count, HostileAmounts.All.Distinct().Count());
    }

    [Fact]
    public void Places_of_amounts_are_those_that_people_know_of()
    {
        var places = AmountPlaces.All.Select(place => $"{place.Operation} {string.Join('.', place.Path)}").ToList();

        Assert.Equal(Bodies.Keys.Order(), AmountPlaces.All.Select(place => place.Operation).Distinct().Order());
        Assert.Superset(
            new HashSet<string>
            {
                "POST /users/{id}/credits amount", "PATCH /keys/{id} spend_limit", "PUT /prices characters",
                "PUT /prices upstream_audio_minute", "PATCH /settings fallback_price.upstream_image",
                "PATCH /settings point_usd", "POST /channels windows.[].limit_points",
                "PATCH /channels/{id} fire_sale.price_factor_bp", "PATCH /groups/{name} price_factor",
            },
            places.ToHashSet());
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task Hostile_amounts_are_refused_and_change_nothing(string operation)
    {
        await using var plane = await Plane.StartAsync(servers);
        var (method, template) = (operation.Split(' ')[0], operation.Split(' ')[1]);
        var path = "/api/v1" + await PreparedAsync(plane, template);
        var before = await FingerprintAsync(plane);
        var number = 0;

        foreach (var place in AmountPlaces.All.Where(place => place.Operation == operation))
        {
            var (body, field) = (place.BodyFrom(Bodies[operation]), place.Path[0]);
            foreach (var amount in HostileAmounts.All.Where(amount => !place.MayBe(amount)))
            {
                var answer = await plane.Admin.SendAsync(
                    new HttpMethod(method),
                    path,
                    body.Replace("\"@\"", amount, StringComparison.Ordinal),
                    ("Idempotency-Key", (++number).ToString(CultureInfo.InvariantCulture)));

                var shown = $"{string.Join('.', place.Path)} {(amount.Length > 40 ? amount[..40] : amount)}";
                Assert.True(
                    answer.Status == HttpStatusCode.BadRequest, $"{shown}: {(int)answer.Status} {answer.Content}");
                Assert.True(answer.Code is "invalid_request", $"{shown}: {answer.Content}");
                Assert.True(
                    answer.Errors.All(error => error.StartsWith(field, StringComparison.Ordinal)),
                    $"{shown}: {answer.Content}");
                Assert.True(answer.Content.Length < 2_000, $"{shown}: the answer repeats what was sent");
            }
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
        var path = await PreparedAsync(plane, "/requests/{id}/corrections");
        var before = await FingerprintAsync(plane);

        var answer = await plane.Admin.PostAsync(
            "/api/v1" + path, new { amount, reason = "x" }, ("Idempotency-Key", "k"));

        answer.ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal([$"amount {code}"], answer.Errors);
        Assert.Equal(before, await FingerprintAsync(plane));
    }

    // A user, a key, a charged request, a channel or a group, in the place of its name in the path.
    private static async Task<string> PreparedAsync(Plane plane, string path)
    {
        var id = path.Split('/')[1] switch
        {
            "users" when path.Contains('{', StringComparison.Ordinal) => (await plane.PersonAsync()).Id,
            "keys" => (await plane.Admin.PostAsync("/api/v1/keys", new { name = "k" })).Text("id"),
            "channels" => (await plane.Admin.SendAsync(HttpMethod.Post, "/api/v1/channels", NewChannel)).Text("id"),
            "groups" => (await plane.Admin.PostAsync("/api/v1/groups", new { name = "h" })).Text("name"),
            "requests" => await ChargeAsync(plane),
            _ => "",
        };
        return path.Replace("{id}", id, StringComparison.Ordinal).Replace("{name}", id, StringComparison.Ordinal);
    }

    private static async Task<string> ChargeAsync(Plane plane)
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
        return Charged.ToString();
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
              (select md5(string_agg(g::text, ',' order by g)) from channel_groups g),
              (select count(*) from audit_events), (select count(*) from idempotency_keys),
              (select version from snapshot_version), (select count(*) from pending_changes))
            """) ?? "";
    }
}
