using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using TokenHub.ControlPlane.Tests.Support;

namespace TokenHub.ControlPlane.Tests.Prices;

public sealed class PriceTests(Servers servers)
{
    private const string Path = "/api/v1/prices";

    [Fact]
    public async Task Price_is_taken_as_strings_or_as_plain_numbers_to_the_last_decimal()
    {
        var model = NewModel();

        var answer = await PutAsync($$"""
            {"model":"{{model}}","input":2.5,"output":"10","cache_read":0.00000001,
             "cache_write_5m":"3.125","cache_write_1h":5}
            """);

        var price = answer.Expect(HttpStatusCode.OK).Json;
        Assert.Equal(
            ["2.50000000", "10.00000000", "0.00000001", "3.12500000", "5.00000000"],
            new[] { "input", "output", "cache_read", "cache_write_5m", "cache_write_1h" }
                .Select(name => price.GetProperty(name).GetString()));
        Assert.StartsWith("prc_", answer.Text("id"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pictures_minutes_and_characters_have_prices_of_their_own_and_a_change_makes_a_new_version()
    {
        var model = NewModel();
        var plain = (await PutAsync($$"""{"model":"{{model}}","input":0,"output":0}""")).Expect(HttpStatusCode.OK);
        string Body(string image) => $$"""
            {"model":"{{model}}","input":0,"output":0,"image":"{{image}}","audio_minute":"0.006","characters":"15",
            "upstream_image":"0.03","upstream_audio_minute":"0.005","upstream_characters":"10"}
            """;
        var first = (await PutAsync(Body("0.04"))).Expect(HttpStatusCode.OK);
        var same = await PutAsync(Body("0.040"));
        var dearer = await PutAsync(Body("0.08"));

        Assert.Equal(JsonValueKind.Null, plain.Json.GetProperty("image").ValueKind);
        Assert.Equal(first.Text("id"), same.Text("id"));
        Assert.Equal(3, new[] { plain, first, dearer }.Select(answer => answer.Text("id")).Distinct().Count());
        Assert.Equal(
            ["0.08000000", "0.00600000", "15.00000000", "0.03000000", "0.00500000", "10.00000000"],
            new[]
            {
                "image", "audio_minute", "characters", "upstream_image", "upstream_audio_minute", "upstream_characters",
            }.Select(name => dearer.Json.GetProperty(name).GetString()));
        var known = (await servers.Shared.Services.GetRequiredService<ControlPlane.Publishing.SnapshotBuilder>()
            .BuildAsync(TestContext.Current.CancellationToken)).Prices.Single(price => price.Model == model);
        Assert.Equal((8_000_000, 600_000, 1_500_000_000), (known.Image, known.AudioMinute, known.Characters));
    }

    [Fact]
    [Trait("row", "C03")]
    public async Task Price_is_set_as_a_share_of_the_makers_list_price_and_shows_both()
    {
        var model = NewModel();
        string Body(int share) => $$"""
            {"model":"{{model}}","share_bp":{{share}},"input":"1.25","output":"10","cache_read":"0.12500001",
            "image":"0.04","max_output_tokens":8192}
            """;
        Task<Answer> PutShareAsync(int share) => servers.Shared.Admin.PutAsync($"{Path}/of-list", Body(share));
        var price = (await PutShareAsync(6000)).Expect(HttpStatusCode.OK);
        var same = await PutShareAsync(6000);
        var cheaper = await PutShareAsync(5000);

        Assert.Equal(
            ("0.75000000", "6.00000000", "0.07500001", "0.02400000", 8192),
            (price.Text("input"), price.Text("output"), price.Text("cache_read"), price.Text("image"),
                price.Json.Int("max_output_tokens")));
        var list = price.Json.At("list");
        Assert.Equal(
            ("1.25000000", "10.00000000", "0.12500001", "0.04000000"),
            (list.Str("input"), list.Str("output"), list.Str("cache_read"), list.Str("image")));
        Assert.True(list.IsNull("audio_minute"));
        Assert.Equal(price.Text("id"), same.Text("id"));
        Assert.NotEqual(price.Text("id"), cheaper.Text("id"));
        var member = await servers.Shared.PersonAsync();
        var seen = (await member.Api.GetAsync($"/api/v1/prices/resolve?model={model}")).Json.At("price");
        Assert.Equal(("0.62500000", "1.25000000"), (seen.Str("input"), seen.At("list").Str("input")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(10_001)]
    public async Task Share_that_is_none_is_refused(int share)
    {
        var answer = await servers.Shared.Admin.PutAsync(
            $"{Path}/of-list", $$"""{"model":"{{NewModel()}}","share_bp":{{share}},"input":"1","output":"1"}""");

        answer.ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        Assert.StartsWith("share_bp ", Assert.Single(answer.Errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1e3")]
    [InlineData("1E-3")]
    [InlineData("1e999")]
    [InlineData("-1")]
    [InlineData("-0")]
    [InlineData("-0.0")]
    [InlineData("1.000000001")]
    [InlineData("100000.00000001")]
    [InlineData("90071992.54740992")]
    [InlineData("9223372036854775807")]
    [InlineData("123456789012345678901234567890")]
    [InlineData("true")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("\"100001\"")]
    public async Task Number_that_is_no_plain_price_is_refused(string number)
    {
        var answer = await PutAsync($$"""{"model":"{{NewModel()}}","input":{{number}},"output":"1"}""");

        answer.ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        Assert.StartsWith("input ", Assert.Single(answer.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Limits_and_the_upstreams_own_prices_are_part_of_the_version_and_members_do_not_see_the_latter()
    {
        var model = NewModel();
        string Body(string upstream, string context) => $$"""
            {"model":"{{model}}","input":"2","output":"4","context_tokens":{{context}},"max_output_tokens":8192,
            "upstream_input":"{{upstream}}","upstream_output":"3","upstream_cache_read":"0.5",
            "upstream_cache_write_5m":"1.5","upstream_cache_write_1h":"2.5"}
            """;
        var first = (await PutAsync(Body("1", "200000"))).Expect(HttpStatusCode.OK);
        var same = await PutAsync(Body("1.00", "200000"));
        var cheaper = await PutAsync(Body("0.9", "200000"));
        var larger = await PutAsync(Body("0.9", "400000"));

        Assert.Equal(first.Text("id"), same.Text("id"));
        Assert.Equal(3, new[] { first, cheaper, larger }.Select(answer => answer.Text("id")).Distinct().Count());
        Assert.Equal(
            ("1.00000000", "3.00000000", "0.50000000", "1.50000000", "2.50000000"),
            (first.Text("upstream_input"), first.Text("upstream_output"), first.Text("upstream_cache_read"),
                first.Text("upstream_cache_write_5m"), first.Text("upstream_cache_write_1h")));
        Assert.Equal((200_000, 8192), (first.Json.Int("context_tokens"), first.Json.Int("max_output_tokens")));
        var member = await servers.Shared.PersonAsync();
        var seen = (await member.Api.GetAsync("/api/v1/prices?limit=200")).Data().Single(p => p.Str("model") == model);
        Assert.Equal(400_000, seen.Int("context_tokens"));
        Assert.All(
            new[] { "input", "output", "cache_read", "cache_write_5m", "cache_write_1h" },
            name => Assert.True(seen.IsNull("upstream_" + name)));
        var resolved = (await member.Api.GetAsync($"/api/v1/prices/resolve?model={model}")).Json.At("price");
        Assert.True(resolved.IsNull("upstream_input"));
    }

    [Theory]
    [InlineData("context_tokens", "0")]
    [InlineData("context_tokens", "-1")]
    [InlineData("context_tokens", "1000000001")]
    [InlineData("max_output_tokens", "0")]
    [InlineData("max_output_tokens", "9223372036854775807")]
    public async Task Limit_out_of_range_is_refused(string field, string value)
    {
        var price = await PutAsync($$"""{"model":"m","input":"1","output":"1","{{field}}":{{value}}}""");
        var setting = await servers.Shared.Admin.SendAsync(
            HttpMethod.Patch,
            "/api/v1/settings",
            $$$"""{"fallback_price":{"input":"1","output":"1","{{{field}}}":{{{value}}}}}""");

        Assert.Equal(
            [$"{field} out_of_range"], price.ExpectProblem(HttpStatusCode.BadRequest, "invalid_request").Errors);
        Assert.Equal(
            [$"fallback_price.{field} out_of_range"],
            setting.ExpectProblem(HttpStatusCode.BadRequest, "invalid_request").Errors);
    }

    [Fact]
    public async Task Fallback_price_keeps_limits_and_the_upstreams_prices()
    {
        await using var plane = await Plane.StartAsync(servers);

        (await plane.Admin.PatchAsync("/api/v1/settings", new
        {
            fallback_price = new { input = "2", output = "4", upstream_output = "3", context_tokens = 1000 },
        })).Expect(HttpStatusCode.OK);

        var price = (await plane.Admin.GetAsync("/api/v1/settings")).Json.At("fallback_price");
        Assert.Equal(("2.00000000", "3.00000000", 1000),
            (price.Str("input"), price.Str("upstream_output"), price.Int("context_tokens")));
    }

    [Fact]
    public async Task New_price_retires_the_one_before_and_the_same_price_changes_nothing()
    {
        var model = NewModel();
        var first = await PutAsync($$"""{"model":"{{model}}","input":"1","output":"2"}""");
        var same = await PutAsync($$"""{"model":"{{model}}","input":"1.0","output":2}""");
        var second = await PutAsync($$"""{"model":"{{model}}","input":"1.5","output":"2"}""");

        var current = (await ListAsync("")).Where(p => p.Str("model") == model);
        var all = (await ListAsync("&retired=true")).Where(p => p.Str("model") == model).ToList();

        Assert.Equal(first.Text("id"), same.Text("id"));
        Assert.Equal(second.Text("id"), Assert.Single(current).Str("id"));
        Assert.Equal(2, all.Count);
        Assert.NotEqual(JsonValueKind.Null, all[1].GetProperty("retired_at").ValueKind);
    }

    [Fact]
    public async Task Many_at_once_leave_one_current_price()
    {
        var model = NewModel();

        var answers = await Task.WhenAll(Enumerable.Range(1, 12).Select(
            i => PutAsync($$"""{"model":"{{model}}","input":"{{i}}","output":"2"}""")));

        Assert.All(answers, answer => answer.Expect(HttpStatusCode.OK));
        Assert.Single(await ListAsync(""), p => p.Str("model") == model);
    }

    [Fact]
    public async Task Price_is_found_in_the_five_steps()
    {
        await using var plane = await Plane.StartAsync(servers);
        var channel = (await plane.Admin.PostAsync("/api/v1/channels", new
        {
            name = "c",
            provider = "openai",
            base_url = "https://api.example.com",
            credential = new { type = "api_key", api_key = "k" },
            models = new[] { "*" },
        })).Text("id");
        async Task<(string Step, string? Input)> ResolveAsync(string? channelId)
        {
            var answer = await plane.Admin.GetAsync(
                "/api/v1/prices/resolve?model=gpt-4o" + (channelId is null ? "" : $"&channel_id={channelId}"));
            var price = answer.Expect(HttpStatusCode.OK).Json.GetProperty("price");
            return (answer.Text("step"), price.ValueKind == JsonValueKind.Null ? null : price.Str("input"));
        }

        Assert.Equal(("none", null), await ResolveAsync(channel));
        await plane.Admin.PatchAsync("/api/v1/settings", new { fallback_price = new { input = "1", output = "1" } });
        Assert.Equal(("runtime_fallback", "1.00000000"), await ResolveAsync(channel));
        await plane.Admin.PutAsync(Path, new { model = "*", input = "2", output = "1" });
        Assert.Equal(("global_default", "2.00000000"), await ResolveAsync(channel));
        await plane.Admin.PutAsync(Path, new { model = "gpt-*", input = "3", output = "1" });
        Assert.Equal(("global_pattern", "3.00000000"), await ResolveAsync(channel));
        await plane.Admin.PutAsync(Path, new { model = "*", channel_id = channel, input = "4", output = "1" });
        Assert.Equal(("channel_default", "4.00000000"), await ResolveAsync(channel));
        await plane.Admin.PutAsync(Path, new { model = "gpt-4*", channel_id = channel, input = "5", output = "1" });
        Assert.Equal(("channel_pattern", "5.00000000"), await ResolveAsync(channel));
        Assert.Equal(("global_pattern", "3.00000000"), await ResolveAsync(null));
    }

    [Fact]
    public async Task Fallback_price_is_a_version_that_the_ledger_can_find_again()
    {
        await using var plane = await Plane.StartAsync(servers);

        var set = await plane.Admin.PatchAsync(
            "/api/v1/settings", new { fallback_price = new { input = "1", output = 2 } });
        var resolved = await plane.Admin.GetAsync("/api/v1/prices/resolve?model=m");
        var snapshot = (await plane.With(Plane.Token).GetAsync("/internal/v1/snapshot")).Json;
        var cleared = await plane.Admin.SendAsync(HttpMethod.Patch, "/api/v1/settings", """{"fallback_price":null}""");

        Assert.Equal("2.00000000", set.Json.GetProperty("fallback_price").Str("output"));
        var id = resolved.Json.GetProperty("price").Str("id");
        Assert.Equal(id, $"prc_{snapshot.GetProperty("fallback_price").Long("id")}");
        Assert.Empty((await plane.Admin.GetAsync(Path)).Data());
        Assert.True(cleared.Json.IsNull("fallback_price"));
        Assert.Equal("none", (await plane.Admin.GetAsync("/api/v1/prices/resolve?model=m")).Text("step"));
    }

    [Fact]
    public async Task Deleted_price_is_retired_once()
    {
        var id = (await PutAsync($$"""{"model":"{{NewModel()}}","input":"1","output":"2"}""")).Text("id");

        (await servers.Shared.Admin.DeleteAsync($"{Path}/{id}")).Expect(HttpStatusCode.NoContent);
        (await servers.Shared.Admin.DeleteAsync($"{Path}/{id}")).Expect(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Member_sees_global_prices_and_those_of_his_own_channels()
    {
        var owner = await servers.Shared.PersonAsync();
        var stranger = await servers.Shared.PersonAsync();
        var channel = (await owner.Api.PostAsync("/api/v1/channels", new
        {
            name = "c",
            provider = "openai",
            base_url = "https://api.example.com",
            credential = new { type = "api_key", api_key = "k" },
            models = new[] { "m" },
        })).Text("id");
        var model = NewModel();
        await servers.Shared.Admin.PutAsync(Path, new { model, channel_id = channel, input = "1", output = "1" });

        var seen = (await owner.Api.GetAsync(Path + "?limit=200")).Content;
        var hidden = (await stranger.Api.GetAsync(Path + "?limit=200")).Content;
        Assert.Contains(model, seen, StringComparison.Ordinal);
        Assert.DoesNotContain(model, hidden, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"model":"","input":"1","output":"1"}""", "model bad_model")]
    [InlineData("""{"model":"a b","input":"1","output":"1"}""", "model bad_model")]
    [InlineData("""{"model":"m","input":"1","output":"1","channel_id":"1001"}""", "channel_id bad_id")]
    [InlineData("""{"model":"m","input":"1","output":"1","channel_id":"chn_999999"}""", "channel_id unknown_channel")]
    [InlineData("""{"model":"m","input":"1"}""", "output required")]
    [InlineData("""{"model":"m","input":"1","output":"1","cache_write5m":"1"}""", "cache_write5m unknown_field")]
    public async Task Bad_price_is_refused(string body, string error)
    {
        var answer = await PutAsync(body);

        answer.ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal([error], answer.Errors);
    }

    private static string NewModel() => $"model-{Guid.NewGuid():n}";

    private Task<Answer> PutAsync(string body) => servers.Shared.Admin.SendAsync(HttpMethod.Put, Path, body);

    private async Task<List<JsonElement>> ListAsync(string query) =>
        [.. (await servers.Shared.Admin.GetAsync($"{Path}?limit=200{query}")).Data()];
}
