using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using TokenHub.TestKit;

namespace TokenHub.EndToEnd.Tests.Channels;

/// <summary>
/// The simulated world of the choice, on processes: channels of which some fail in turn, each in another way, one slows
/// and recovers, some run out of their windows; users who call all the time, and one who bursts.
/// </summary>
internal sealed class RoutingScenario : IAsyncDisposable
{
    public const int Channels = 18;
    public const int MonthQuota = 60;
    public const int MinuteQuota = 40;
    private const int Steady = 14;
    private const int Failing = 4;
    private const int Slow = 7;
    private const int Slots = 12;
    private const int Users = 12;
    private const int BurstCalls = 60;
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan BurstEvery = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestRun = TimeSpan.FromSeconds(120);

    private readonly GatewayTrio _trio;
    private readonly List<ScriptedUpstream> _upstreams = [];
    private readonly List<string> _ids = [];
    private readonly int[] _asked = new int[Channels];
    private readonly ConcurrentQueue<Call> _calls = new();
    private readonly TimerLateness _lateness = TimerLateness.Start();
    private readonly Stopwatch _watch = new();
    private int _askedLate;
    private volatile bool _isSlow;

    private RoutingScenario(GatewayTrio trio) => _trio = trio;

    /// <param name="Sent">When it was sent, and when the head of the answer came, as stamps of the clock.</param>
    public readonly record struct Call(
        TimeSpan At, bool IsBurst, HttpStatusCode Status, string Text, bool IsWhole, long Sent, long Answered)
    {
        public long WaitMs => (long)Stopwatch.GetElapsedTime(Sent, Answered).TotalMilliseconds;
    }

    public IReadOnlyCollection<Call> Calls => _calls;

    /// <summary>Attempts a call, once the gateways have had time to learn.</summary>
    public double AttemptsPerCall => Volatile.Read(ref _askedLate) / (double)_calls.Count(call => call.At > Settled);

    /// <summary>Requests that reached the upstream of each channel.</summary>
    public IReadOnlyList<int> Asked => _asked;

    public static bool HasMonthQuota(int channel) => channel is Steady or Steady + 1;

    public static bool HasMinuteQuota(int channel) => channel is Steady + 2 or Steady + 3;

    public static async Task<RoutingScenario> StartAsync(TimeSpan firstByte)
    {
        var scenario = new RoutingScenario(await GatewayTrio.StartAsync(new Dictionary<string, string>
        {
            ["TOKENHUB_FIRST_BYTE_SECONDS"] = $"{firstByte.TotalSeconds:f0}",
        }));
        for (var i = 0; i < Channels; i++)
        {
            scenario._upstreams.Add(ScriptedUpstream.Start());
            scenario._ids.Add(await scenario._trio.AddChannelAsync(scenario._upstreams[i].Url, LimitsOf(i)));
        }

        return scenario;
    }

    /// <summary>What a call waited for the product: without the time in which this process stood still.</summary>
    public long WaitMsOf(Call call) =>
        call.WaitMs - (long)_lateness.Between(call.Sent, call.Answered).TotalMilliseconds;

    /// <summary>Goes on for that long, and further until the quotas of months are used up.</summary>
    public async Task RunAsync(TimeSpan time)
    {
        List<GatewayTrio.Caller> users = [];
        for (var i = 0; i <= Users; i++)
        {
            users.Add(await _trio.AddCallerAsync($"user{i}@example.com", 2 * BurstCalls));
        }

        Turn(0);
        _watch.Start();
        var burst = BurstAsync(users[Users], time);
        var steady = users.Take(Users).Select((user, i) => CallAsync(user, i, time)).ToList();
        for (var round = 1; IsOn(time); round++)
        {
            var left = Round * round - _watch.Elapsed;
            await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero);
            Turn(round);
            _isSlow = round % 2 == 1;
        }

        await Task.WhenAll([burst, .. steady]);
    }

    public async Task<int> UsedOfAsync(int channel) =>
        (int)(await _trio.Api.CallAsync("GET", $"/channels/{_ids[channel]}/quota"))["windows"]![0]!["used_requests"]!;

    public async ValueTask DisposeAsync()
    {
        foreach (var upstream in _upstreams)
        {
            await upstream.DisposeAsync();
        }

        await _trio.DisposeAsync();
        await _lateness.DisposeAsync();
    }

    private bool IsOn(TimeSpan time) => _watch.Elapsed < time
        || (_watch.Elapsed < LongestRun
            && Enumerable.Range(0, Channels).Any(i => HasMonthQuota(i) && Volatile.Read(ref _asked[i]) < MonthQuota));

    private static JsonObject LimitsOf(int channel)
    {
        var limits = new JsonObject { ["max_concurrency"] = Slots };
        if (HasMonthQuota(channel) || HasMinuteQuota(channel))
        {
            limits["windows"] = new JsonArray(new JsonObject
            {
                ["limit_requests"] = HasMonthQuota(channel) ? MonthQuota : MinuteQuota,
                ["period_unit"] = HasMonthQuota(channel) ? "month" : "minute",
                ["period_count"] = HasMonthQuota(channel) ? 1000 : 1,
            });
        }

        return limits;
    }

    // Each round another four of those without windows fail, nearly a third of them.
    private void Turn(int round)
    {
        for (var i = 0; i < Channels; i++)
        {
            var channel = i;
            var kind = i < Steady && (i - (round * Failing) + (100 * Steady)) % Steady is var turn and < Failing
                ? turn : Steady;
            _upstreams[i].Default = _ => Play(channel, kind == 1 && round % 2 == 1 ? 4 : kind);
        }
    }

    private ScriptedUpstreamScript Play(int channel, int kind)
    {
        Interlocked.Increment(ref _asked[channel]);
        if (_watch.Elapsed > Settled)
        {
            Interlocked.Increment(ref _askedLate);
        }

        var pause = TimeSpan.FromMilliseconds(_isSlow && channel == Slow ? 600 : 40);
        return kind switch
        {
            0 => ScriptedUpstreamScript.Empty.Reset(),
            1 => ScriptedUpstreamScript.Answer(500, """{"error":{"message":"boom","type":"server_error"}}"""),
            2 => ScriptedUpstreamScript.Answer(429, """{"error":{"message":"slow down"}}"""),
            3 => ScriptedUpstreamScript.Silence(),
            4 => ScriptedUpstreamScript.StreamHead().Chunk(": wait\n\n").Close(),
            _ => ScriptedUpstreamScript.StreamHead().Pause(pause).Chunk(
                """
                data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Hi!"},"finish_reason":null}]}

                data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

                data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}

                data: [DONE]


                """).EndChunks(),
        };
    }

    private async Task CallAsync(GatewayTrio.Caller user, int number, TimeSpan time)
    {
        for (var i = 0; IsOn(time); i++)
        {
            // Every other user goes on with one conversation, which is bound to a channel.
            await OnceAsync(user, number + i, number % 2 == 0 ? "Hello" : $"Hello {i}", isBurst: false);
            await Task.Delay(40);
        }
    }

    private async Task BurstAsync(GatewayTrio.Caller user, TimeSpan time)
    {
        for (var n = 0; IsOn(time); n++)
        {
            await Task.WhenAll(Enumerable.Range(0, BurstCalls).Select(
                i => OnceAsync(user, i, $"Burst {n} {i}", isBurst: true)));
            await Task.Delay(BurstEvery);
        }
    }

    private async Task OnceAsync(GatewayTrio.Caller user, int gateway, string prompt, bool isBurst)
    {
        var (start, sent) = (_watch.Elapsed, Stopwatch.GetTimestamp());
        using var answer = await user.PostAsync(gateway, stream: true, prompt);
        var answered = Stopwatch.GetTimestamp();
        var text = await answer.Content.ReadAsStringAsync();
        var isWhole = text.TrimEnd().EndsWith("data: [DONE]", StringComparison.Ordinal);
        _calls.Enqueue(new Call(start, isBurst, answer.StatusCode, text, isWhole, sent, answered));
    }
}
