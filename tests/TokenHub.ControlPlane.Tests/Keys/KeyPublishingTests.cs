using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.Core.Keys;
using TokenHub.Core.Snapshots;
using TokenHub.Redis;
using TokenHub.TestKit;

namespace TokenHub.ControlPlane.Tests.Keys;

/// <summary>What gateways can know when a call that changed a key has been answered.</summary>
public sealed class KeyPublishingTests(Servers servers)
{
    private const string Path = "/api/v1/keys";

    [Fact]
    public async Task New_key_is_in_redis_when_its_secret_is_shown()
    {
        var made = await servers.Shared.Admin.PostAsync(Path, new { name = "a", rpm = 7, spend_limit = "2" });

        var record = await RecordAsync(made.Text("secret"));

        Assert.NotNull(record);
        Assert.True(record.Enabled && record.UserEnabled);
        Assert.Equal((7, 200_000_000L), (record.Rpm, record.SpendLimit));
        Assert.Null(record.Unsupported);
    }

    [Fact]
    public async Task What_becomes_of_unsupported_members_is_told_to_gateways()
    {
        var made = await servers.Shared.Admin.PostAsync(Path, new { name = "a", unsupported = "error" });
        var strict = await RecordAsync(made.Text("secret"));
        await servers.Shared.Admin.PatchAsync($"{Path}/{made.Text("id")}", new { unsupported = "drop" });
        var lenient = await RecordAsync(made.Text("secret"));

        Assert.Equal(KeyRecord.UnsupportedIsError, strict!.Unsupported);
        Assert.Null(lenient!.Unsupported);
    }

    [Fact]
    public async Task Rotated_key_is_dead_under_its_old_secret_and_alive_under_the_new_one()
    {
        var made = await servers.Shared.Admin.PostAsync(Path, new { name = "a" });
        await using var notices = await NoticesAsync();

        var rotated = await servers.Shared.Admin.PostAsync($"{Path}/{made.Text("id")}/rotate");

        Assert.NotEqual(made.Text("secret"), rotated.Text("secret"));
        Assert.Equal(made.Text("id"), rotated.Text("id"));
        Assert.Null(await RecordAsync(made.Text("secret")));
        Assert.NotNull(await RecordAsync(rotated.Text("secret")));
        await notices.ExpectAsync("key:" + HubKeyHash.Of(made.Text("secret")));
        Assert.Equal(HttpStatusCode.NotFound, await AskPlaneAsync(made.Text("secret")));
        Assert.Equal(HttpStatusCode.OK, await AskPlaneAsync(rotated.Text("secret")));
    }

    [Fact]
    public async Task Change_is_in_redis_and_told_to_gateways_within_a_second()
    {
        await Timing.KeepsWithinAsync(TimeSpan.FromSeconds(1), async () =>
        {
            var made = await servers.Shared.Admin.PostAsync(Path, new { name = "a" });
            var secret = made.Text("secret");
            await using var notices = await NoticesAsync();
            var clock = Stopwatch.StartNew();

            await servers.Shared.Admin.PatchAsync($"{Path}/{made.Text("id")}", new { enabled = false });
            var disabled = await RecordAsync(secret);
            await notices.ExpectAsync("key:" + HubKeyHash.Of(secret));

            Assert.False(disabled!.Enabled);
            return clock.Elapsed;
        });
    }

    [Fact]
    public async Task Deleted_key_is_gone()
    {
        var made = await servers.Shared.Admin.PostAsync(Path, new { name = "a" });

        await servers.Shared.Admin.DeleteAsync($"{Path}/{made.Text("id")}");

        Assert.Null(await RecordAsync(made.Text("secret")));
        Assert.Equal(HttpStatusCode.NotFound, await AskPlaneAsync(made.Text("secret")));
    }

    [Fact]
    public async Task Keys_of_a_disabled_user_stop_and_come_back_with_him()
    {
        var person = await servers.Shared.PersonAsync();
        var secret = (await person.Api.PostAsync(Path, new { name = "a" })).Text("secret");

        await servers.Shared.Admin.PatchAsync($"/api/v1/users/{person.Id}", new { status = "disabled" });
        var stopped = await RecordAsync(secret);
        await servers.Shared.Admin.PatchAsync(
            $"/api/v1/users/{person.Id}", new { status = "active", max_concurrency = 3, rpm = 4, tpm = 5, weight = 6 });
        var back = await RecordAsync(secret);

        Assert.False(stopped!.UserEnabled);
        Assert.True(back!.UserEnabled);
        Assert.Equal((3, 4, 5, 6), (back.UserMaxConcurrency, back.UserRpm, back.UserTpm, back.UserWeight));
    }

    private async Task<KeyRecord?> RecordAsync(string secret)
    {
        var bytes = await servers.Shared.Redis.GetAsync(
            PlaneMessages.KeyRecordPrefix + HubKeyHash.Of(secret), TestContext.Current.CancellationToken);
        return bytes is null ? null : JsonSerializer.Deserialize(bytes, SnapshotJsonContext.Default.KeyRecord);
    }

    private async Task<HttpStatusCode> AskPlaneAsync(string secret) =>
        (await servers.Shared.With(Plane.Token).GetAsync($"/internal/v1/keys/{HubKeyHash.Of(secret)}")).Status;

    private Task<Notices> NoticesAsync() => Notices.ListenAsync(servers.Shared);

    // On a connection of its own: the control plane takes a new subscription on its own for a gap in what it heard.
    private sealed class Notices(RedisClient redis) : IAsyncDisposable
    {
        private readonly HashSet<string> _heard = [];
        private readonly TaskCompletionSource _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public static async Task<Notices> ListenAsync(Plane plane)
        {
            var redis = await RedisClient.ConnectAsync(plane.Options.Redis, TestContext.Current.CancellationToken);
            var notices = new Notices(redis);
            redis.Subscriber.Subscribe(
                PlaneMessages.ChangeChannel,
                message =>
                {
                    lock (notices._heard)
                    {
                        notices._heard.Add(Encoding.ASCII.GetString(message));
                    }
                },
                () => notices._listening.TrySetResult());
            await notices._listening.Task.WaitAsync(TimeSpan.FromSeconds(30));
            return notices;
        }

        public Task ExpectAsync(string notice) => TestKit.Servers.Probe.UntilAsync(
            () =>
            {
                lock (_heard)
                {
                    return _heard.Contains(notice);
                }
            },
            TimeSpan.FromSeconds(30),
            $"gateways hear {notice}");

        public ValueTask DisposeAsync() => redis.DisposeAsync();
    }
}
