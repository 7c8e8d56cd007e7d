using System.Text;
using TokenHub.ControlPlane.Tests.Internal;
using TokenHub.Core.Keys;
using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Ledger.Postings;
using TokenHub.Redis;
using TokenHub.TestKit.Servers;

namespace TokenHub.ControlPlane.Tests.Publishing;

[Trait("needs", "postgres, redis")]
public sealed class ChangePublisherTests(PlaneStores stores)
{
    [Fact]
    public async Task Key_is_in_redis_from_its_making_to_its_deletion()
    {
        await using var plane = await TestPlane.StartAsync(stores, runsLoops: false);
        var (user, key, hash) = await plane.AddUserAsync();

        await plane.Publisher.TellAsync();
        var made = (await plane.RecordAsync(hash))!;
        Assert.Equal((key, user, true, true, 60), (made.Id, made.Account, made.Enabled, made.UserEnabled, made.Rpm));
        Assert.Equal(["gpt-*"], made.Models);

        await plane.ExecuteAsync("update api_keys set status = 'disabled', rpm = 7 where id = @key", new { key });
        await plane.Publisher.TellAsync();
        var disabled = (await plane.RecordAsync(hash))!;
        Assert.Equal((false, 7), (disabled.Enabled, disabled.Rpm));

        await plane.ExecuteAsync("update api_keys set status = 'deleted' where id = @key", new { key });
        await plane.Publisher.TellAsync();
        Assert.Null(await plane.RecordAsync(hash));
        using var lookup = await plane.Http.GetAsync($"{PlaneMessages.KeysPath}/{hash}");
        Assert.Equal(System.Net.HttpStatusCode.NotFound, lookup.StatusCode);
        await NoticedAsync(plane, $"key:{hash}", times: 3);
    }

    [Fact]
    public async Task Rotated_key_is_known_by_its_new_secret_only()
    {
        await using var plane = await TestPlane.StartAsync(stores, runsLoops: false);
        var (_, key, old) = await plane.AddUserAsync();
        await plane.Publisher.TellAsync();
        var fresh = HubKeyHash.Of(HubKey.Create());

        await plane.ExecuteAsync(
            "update api_keys set secret_hash = @hash where id = @key", new { key, hash = fresh.ToBytes() });
        await plane.Publisher.TellAsync();

        Assert.Null(await plane.RecordAsync(old));
        Assert.Equal(key, (await plane.RecordAsync(fresh))!.Id);
        await NoticedAsync(plane, $"key:{old}", times: 2);
        await NoticedAsync(plane, $"key:{fresh}", times: 1);
    }

    [Fact]
    public async Task Disabled_user_is_told_of_in_every_key_and_in_the_account()
    {
        await using var plane = await TestPlane.StartAsync(stores, runsLoops: false);
        var (user, key, first) = await plane.AddUserAsync();
        var second = HubKeyHash.Of(HubKey.Create());
        await plane.AddKeyAsync(user, second);
        await plane.HydrateAsync(user, key);

        await plane.ExecuteAsync("update users set status = 'disabled' where id = @user", new { user });
        await plane.Publisher.TellAsync();

        Assert.False((await plane.RecordAsync(first))!.UserEnabled);
        Assert.False((await plane.RecordAsync(second))!.UserEnabled);
        var refused = await new Till(plane.Redis.Runner).ReserveAsync(
            new HoldRequest(new(1, 1), user, key, Usd.Zero, 1000, 1, 1, null, 50, null, null, null, 1), default);
        Assert.Equal(TillCode.Disabled, refused.Code);
    }

    [Fact]
    public async Task What_a_key_spends_is_no_news()
    {
        await using var plane = await TestPlane.StartAsync(stores, runsLoops: false);
        var (_, key, _) = await plane.AddUserAsync();
        await plane.Publisher.TellAsync();

        await plane.ExecuteAsync(
            "update api_keys set spent_units = 5, spent_version = 1 where id = @key", new { key });

        Assert.Equal(0, await plane.Publisher.PublishAsync(default));
    }

    [Fact]
    public async Task Credit_whose_teller_died_reaches_redis_all_the_same()
    {
        await using var plane = await TestPlane.StartAsync(stores, runsLoops: false);
        var (user, key, _) = await plane.AddUserAsync();
        await plane.HydrateAsync(user, key);

        await new Credits(plane.Database).CreditAsync(user, Usd.FromDollars(3), "gift", null);
        await plane.Publisher.TellAsync();

        Assert.Equal(
            Usd.FromDollars(3), (await new Till(plane.Redis.Runner).ReadAccountAsync(user, default))!.Available);
    }

    [Fact]
    public async Task Change_that_nobody_told_of_is_told_within_moments()
    {
        await using var plane = await TestPlane.StartAsync(stores);
        var (_, key, hash) = await plane.AddUserAsync();
        await TestPlane.UntilAsync(async () => await plane.RecordAsync(hash) is not null, "the new key is in Redis");

        await plane.ExecuteAsync("update api_keys set status = 'disabled' where id = @key", new { key });

        await TestPlane.UntilAsync(() => IsDisabledAsync(plane, hash), "the change is told");
    }

    [Fact]
    public async Task Change_made_while_redis_is_away_is_told_when_it_is_back()
    {
        await using var plane = await TestPlane.StartAsync(stores, appendOnly: true);
        var (_, key, hash) = await plane.AddUserAsync();
        await TestPlane.UntilAsync(async () => await plane.RecordAsync(hash) is not null, "the new key is in Redis");
        await plane.Server.KillAsync();

        await plane.ExecuteAsync("update api_keys set status = 'disabled' where id = @key", new { key });
        await plane.Publisher.TellAsync();
        await plane.Server.RestartAsync();

        await TestPlane.UntilAsync(() => IsDisabledAsync(plane, hash), "the change is told");
    }

    [Fact]
    public async Task Redis_that_comes_back_with_an_older_copy_is_told_again()
    {
        await using var plane = await TestPlane.StartAsync(stores, appendOnly: true);
        var (_, key, hash) = await plane.AddUserAsync();
        var name = PlaneMessages.KeyRecordPrefix + hash;
        await TestPlane.UntilAsync(async () => await plane.RecordAsync(hash) is not null, "the new key is in Redis");
        var older = await plane.Redis.GetAsync(name, default);
        await plane.ExecuteAsync("update api_keys set status = 'disabled' where id = @key", new { key });
        await TestPlane.UntilAsync(() => IsDisabledAsync(plane, hash), "the change is told");

        // As if the server had been restored from before the change.
        await plane.Redis.SetAsync(name, older, TimeSpan.FromHours(1), default);
        await plane.Server.KillAsync();
        await plane.Server.RestartAsync();

        await TestPlane.UntilAsync(() => IsDisabledAsync(plane, hash), "the change is told again");
    }

    [Fact]
    public async Task Publishers_at_once_leave_the_newest_record()
    {
        await using var plane = await TestPlane.StartAsync(stores);
        await using var other = await plane.StartAnotherAsync();
        var (_, key, hash) = await plane.AddUserAsync();

        for (var round = 1; round <= 20; round++)
        {
            var rpm = round;
            await Task.WhenAll(
                Task.Run(async () =>
                {
                    await plane.ExecuteAsync("update api_keys set rpm = @rpm where id = @key", new { key, rpm });
                    await plane.Publisher.TellAsync();
                }),
                Task.Run(() => other.Publisher.TellAsync()),
                Task.Run(() => other.Http.GetAsync($"{PlaneMessages.KeysPath}/{hash}")));

            Assert.Equal(rpm, (await plane.RecordAsync(hash))!.Rpm);
        }
    }

    [Fact]
    public async Task Long_backlog_is_told_to_its_end()
    {
        await using var plane = await TestPlane.StartAsync(stores, runsLoops: false);
        var (user, key, hash) = await plane.AddUserAsync();
        await plane.ExecuteAsync(
            "insert into pending_changes (kind, subject_id) select 'balance', @user from generate_series(1, 450)",
            new { user });

        Assert.Equal(451, await plane.Publisher.PublishAsync(default));

        Assert.Equal(key, (await plane.RecordAsync(hash))!.Id);
        Assert.Equal(0, await plane.Publisher.PublishAsync(default));
    }

    private static async Task<bool> IsDisabledAsync(TestPlane plane, HubKeyHash hash)
    {
        try
        {
            return await plane.RecordAsync(hash) is { Enabled: false };
        }
        catch (RedisUnavailableException)
        {
            return false;
        }
    }

    private static Task NoticedAsync(TestPlane plane, string notice, int times) => Probe.UntilAsync(
        () => plane.Notices.Count(n => n == notice) >= times,
        TimeSpan.FromSeconds(30),
        new StringBuilder().Append(times).Append(" times ").Append(notice).ToString());
}
