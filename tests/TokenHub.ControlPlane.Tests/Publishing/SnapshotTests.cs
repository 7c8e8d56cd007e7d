using System.Diagnostics;
using System.Net;
using System.Text.Json;
using TokenHub.ControlPlane.Tests.Internal;
using TokenHub.Core.Snapshots;
using TokenHub.TestKit;

namespace TokenHub.ControlPlane.Tests.Publishing;

[Trait("needs", "postgres, redis")]
public sealed class SnapshotTests(PlaneStores stores)
{
    private const string AddChannelSql = """
        insert into channels (name, provider, base_url, credential_type, sealed_credential, models, status, model_map)
        values (@name, @provider, 'https://up.example', 'api_key', 'v1.x', '{gpt-*}', @status, '{"a": "b"}')
        returning id
        """;

    [Fact]
    public async Task Snapshot_has_what_is_active_and_in_force()
    {
        await using var plane = await TestPlane.StartAsync(stores, runsLoops: false);
        var (user, _, _) = await plane.AddUserAsync();
        var channel = await ChannelAsync(plane, "one", "active");
        var closed = await ChannelAsync(plane, "two", "disabled");
        await ChannelAsync(plane, "three", "deleted");
        await plane.ExecuteAsync(
            """
            update channels
            set owner_user_id = @user, owner_share_bp = 700, groups = '{g}', max_concurrency = 3
            where id = @channel
            """,
            new { user, channel });
        await PriceAsync(plane, null, "gpt-*", "null");
        var own = await PriceAsync(plane, channel, "gpt-5", "null");
        await PriceAsync(plane, closed, "gpt-5", "null");
        await PriceAsync(plane, null, "old", "now()");
        await plane.ExecuteAsync(
            """
            insert into settings (name, value)
            values ('fallback_price', '{"id": 7, "model": "*", "input": 5, "output": 6}')
            """);
        await plane.Publisher.TellAsync();

        var snapshot = await GetAsync(plane, 0);

        var entry = Assert.Single(snapshot.Channels);
        Assert.Equal((channel, "one", user, 700, 3), (
            entry.Id, entry.Name, entry.OwnerAccount, entry.OwnerShareBp, entry.MaxConcurrency));
        Assert.Equal("b", entry.ModelMap["a"]);
        Assert.Equal(["g"], entry.Groups);
        Assert.Equal(["gpt-*", "gpt-5"], snapshot.Prices.Select(p => p.Model));
        Assert.Equal((own, channel), (snapshot.Prices[1].Id, snapshot.Prices[1].ChannelId));
        var fallback = snapshot.FallbackPrice!;
        Assert.Equal((7, 5, 6), (fallback.Id, fallback.Input, fallback.Output));
        Assert.Equal(await plane.ScalarAsync<long>("select version from snapshot_version"), snapshot.Version);
    }

    [Fact]
    public async Task Every_provider_of_the_table_is_known()
    {
        await using var plane = await TestPlane.StartAsync(stores, runsLoops: false);
        string[] words =
            ["openai", "anthropic", "gemini", "deepseek", "openai_compatible", "azure", "bedrock", "vertex"];
        foreach (var word in words)
        {
            await plane.ScalarAsync<long>(AddChannelSql, new { name = word, provider = word, status = "active" });
        }

        await plane.Publisher.TellAsync();

        Assert.Equal(Enum.GetValues<Provider>(), (await GetAsync(plane, 0)).Channels.Select(c => c.Provider));
    }

    [Fact]
    public async Task Waiting_gateway_of_another_control_plane_hears_within_a_second()
    {
        await using var plane = await TestPlane.StartAsync(stores);
        await using var other = await plane.StartAnotherAsync();
        var made = 0;
        await Timing.KeepsWithinAsync(TimeSpan.FromSeconds(1), async () =>
        {
            var seen = (await GetAsync(other, 0)).Version;
            var waiting = GetAsync(other, seen);
            Assert.False(waiting.IsCompleted);

            var clock = Stopwatch.StartNew();
            await ChannelAsync(plane, $"new {++made}", "active");
            await plane.Publisher.TellAsync();
            var snapshot = await waiting;

            Assert.Equal(made, snapshot.Channels.Count);
            Assert.Contains(snapshot.Channels, channel => channel.Name == $"new {made}");
            return clock.Elapsed;
        });
    }

    [Fact]
    public async Task Change_behind_everyones_back_reaches_who_waits()
    {
        await using var plane = await TestPlane.StartAsync(stores);
        var waiting = GetAsync(plane, (await GetAsync(plane, 0)).Version);

        await ChannelAsync(plane, "quiet", "active");

        Assert.Equal("quiet", Assert.Single((await waiting).Channels).Name);
        await TestPlane.UntilAsync(
            () => Task.FromResult(plane.Notices.Any(n => n.StartsWith("snapshot:", StringComparison.Ordinal))),
            "gateways are told");
    }

    [Fact]
    public async Task Stop_does_not_wait_for_those_who_wait()
    {
        var plane = await TestPlane.StartAsync(stores);
        var seen = (await GetAsync(plane, 0)).Version;
        using var gateway = new HttpClient { BaseAddress = plane.Http.BaseAddress };
        gateway.DefaultRequestHeaders.Authorization = plane.Http.DefaultRequestHeaders.Authorization;
        var waiting = gateway.GetAsync($"{PlaneMessages.SnapshotPath}?after={seen}");

        await TestPlane.UntilAsync(() => Task.FromResult(plane.CallCount == 2), "the call is there");
        var clock = Stopwatch.StartNew();
        await plane.DisposeAsync();

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5), $"took {clock.Elapsed}");
        Assert.Equal(HttpStatusCode.NotModified, (await waiting).StatusCode);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("-1")]
    [InlineData("")]
    public async Task Version_that_is_no_number_is_refused(string after)
    {
        await using var plane = await TestPlane.StartAsync(stores, runsLoops: false);

        using var response = await plane.Http.GetAsync($"{PlaneMessages.SnapshotPath}?after={after}");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    private static Task<long> ChannelAsync(TestPlane plane, string name, string status) =>
        plane.ScalarAsync<long>(AddChannelSql, new { name, provider = "openai", status });

    private static Task<long> PriceAsync(TestPlane plane, long? channel, string model, string retired) =>
        plane.ScalarAsync<long>(
            $"""
            insert into prices (channel_id, model, input_units, output_units, retired_at)
            values (@channel::bigint, @model, 100, 200, {retired})
            returning id
            """,
            new { channel, model });

    private static async Task<Snapshot> GetAsync(TestPlane plane, long after)
    {
        using var response = await plane.Http.GetAsync($"{PlaneMessages.SnapshotPath}?after={after}");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return JsonSerializer.Deserialize(
            await response.Content.ReadAsByteArrayAsync(), SnapshotJsonContext.Default.Snapshot)!;
    }
}
