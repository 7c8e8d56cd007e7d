using TokenHub.Core.Keys;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Auth;
using TokenHub.Gateway.Tests.Rig;
using Xunit;

namespace TokenHub.Gateway.Tests.Auth;

public sealed class KeyTableTests
{
    private readonly TestClock _clock = new();
    private readonly HubKeyHash _hash = HubKeyHash.Of("one");
    private readonly KeyTable _table;
    private Func<Task<KeyRecord?>> _source = () => Task.FromResult<KeyRecord?>(Entries.Key());
    private bool _hearsNotices = true;
    private int _lookUps;

    public KeyTableTests()
    {
        _table = new KeyTable(
            (_, _) => { Interlocked.Increment(ref _lookUps); return _source(); },
            () => _hearsNotices,
            TestOptions.Create() with { KeyCacheEntriesMax = 8 },
            _clock);
    }

    [Fact]
    public async Task Key_is_looked_up_once_and_again_after_its_time()
    {
        await _table.FindAsync(_hash);
        await _table.FindAsync(_hash);
        Assert.Equal(1, _lookUps);

        _clock.Advance(TimeSpan.FromSeconds(31));
        await _table.FindAsync(_hash);
        Assert.Equal(2, _lookUps);
    }

    [Fact]
    public async Task Unknown_key_is_asked_for_again_after_two_seconds()
    {
        _source = () => Task.FromResult<KeyRecord?>(null);
        Assert.Null(await _table.FindAsync(_hash));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await _table.FindAsync(_hash));
        Assert.Equal(1, _lookUps);

        _clock.Advance(TimeSpan.FromSeconds(1.1));
        await _table.FindAsync(_hash);
        Assert.Equal(2, _lookUps);
    }

    [Fact]
    public async Task Notice_makes_the_next_request_look_again()
    {
        await _table.FindAsync(_hash);
        _source = () => Task.FromResult<KeyRecord?>(null);

        _table.Forget(_hash);

        Assert.Null(await _table.FindAsync(_hash));
    }

    [Fact]
    public async Task Record_read_before_a_notice_is_not_kept_after_it()
    {
        var slow = new TaskCompletionSource<KeyRecord?>();
        _source = () => slow.Task;
        var first = _table.FindAsync(_hash).AsTask();
        await WaitForLookUpsAsync(1);

        _table.Forget(_hash);
        _source = () => Task.FromResult<KeyRecord?>(null);
        Assert.Null(await _table.FindAsync(_hash));
        slow.SetResult(Entries.Key());
        await first;

        Assert.Null(await _table.FindAsync(_hash));
    }

    [Fact]
    public async Task Fifty_callers_at_once_cost_one_look_up()
    {
        var slow = new TaskCompletionSource<KeyRecord?>();
        _source = () => slow.Task;
        var callers = Enumerable.Range(0, 50).Select(_ => _table.FindAsync(_hash).AsTask()).ToList();
        slow.SetResult(Entries.Key());

        Assert.All(await Task.WhenAll(callers), Assert.NotNull);
        Assert.Equal(1, _lookUps);
    }

    [Fact]
    public async Task Nothing_is_recalled_while_notices_may_be_missed()
    {
        await _table.FindAsync(_hash);
        _hearsNotices = false;
        await _table.FindAsync(_hash);
        await _table.FindAsync(_hash);
        Assert.Equal(3, _lookUps);

        _hearsNotices = true;
        _table.ForgetAll();
        await _table.FindAsync(_hash);
        await _table.FindAsync(_hash);
        Assert.Equal(4, _lookUps);
    }

    [Fact]
    public async Task Failed_look_up_fails_its_callers_and_is_not_kept()
    {
        _source = () => throw new TimeoutException();
        await Assert.ThrowsAsync<KeySourceException>(async () => await _table.FindAsync(_hash));

        _source = () => Task.FromResult<KeyRecord?>(Entries.Key());
        Assert.NotNull(await _table.FindAsync(_hash));
    }

    [Fact]
    public async Task Memory_is_bounded_and_a_key_in_use_stays_in_it()
    {
        await _table.FindAsync(_hash);
        for (var i = 0; i < 100; i++)
        {
            await _table.FindAsync(HubKeyHash.Of($"other {i}"));
            await _table.FindAsync(_hash);
        }

        Assert.Equal(101, _lookUps);
    }

    private async Task WaitForLookUpsAsync(int count)
    {
        var deadline = DateTime.UtcNow.AddSeconds(5);
        while (Volatile.Read(ref _lookUps) < count && DateTime.UtcNow < deadline)
        {
            await Task.Delay(5);
        }

        Assert.Equal(count, _lookUps);
    }
}
