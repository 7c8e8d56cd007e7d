using System.Diagnostics;
using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;

namespace TokenHub.Gateway.Tests.Forwarding.Attempts;

/// <summary>
/// Twenty channels of which six fail at any time, each in another way and others in each round; callers who call
/// without end; and the upstreams' own account of what they served.
/// </summary>
internal sealed class FailingThird(GatewayRig rig, TimeSpan round)
{
    public const int Channels = 20;
    private const int Failing = 6;
    private const int Callers = 12;
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(10);
    private static readonly TokenUsage Served = new() { Input = 11, Output = 7 };
    private static readonly TokenUsage Unsaid = new() { Input = 11 };

    private readonly List<ScriptedUpstream> _upstreams = [];
    private readonly List<Call> _calls = [];
    private readonly Stopwatch _watch = new();
    private long _billed;
    private int _asked;
    private int _askedEarly;

    /// <param name="At">Since the beginning.</param>
    /// <param name="WaitMs">Until the head of the answer.</param>
    public readonly record struct Call(TimeSpan At, bool Succeeded, long WaitMs);

    public IReadOnlyList<Call> Calls => _calls;

    /// <summary>What the upstreams would bill.</summary>
    public Usd Billed => new(Volatile.Read(ref _billed));

    /// <summary>Attempts a call once the gateway has had time to learn.</summary>
    public double AttemptsPerCall => (_asked - _askedEarly) / (double)_calls.Count(call => call.At > Settled);

    public async Task RunAsync(GatewayRig.Caller caller, TimeSpan time)
    {
        for (var i = 0; i < Channels; i++)
        {
            _upstreams.Add(await rig.AddUpstreamAsync(Provider.OpenAi, ["m"]));
        }

        _watch.Start();
        var turning = TurnAsync(time);
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => CallAsync(caller, time)));
        await turning;
    }

    // Each round another six: the first of the former six are well again.
    private async Task TurnAsync(TimeSpan time)
    {
        var refusing = -1;
        for (var number = 0; _watch.Elapsed < time; number++)
        {
            if (refusing >= 0)
            {
                _upstreams[refusing].Accept();
            }

            for (var i = 0; i < Channels; i++)
            {
                var kind = (i - (number * Failing) + (Channels * 1000)) % Channels;
                _upstreams[i].Default = _ => Play(kind);
                if (kind == 0)
                {
                    refusing = i;
                }
            }

            _upstreams[refusing].Refuse();
            await Task.Delay(round);
        }
    }

    private ScriptedUpstreamScript Play(int kind)
    {
        Interlocked.Increment(ref _asked);
        if (_watch.Elapsed < Settled)
        {
            Interlocked.Increment(ref _askedEarly);
        }

        switch (kind)
        {
            case 0:
                // Its port is closed; what still comes over old connections is cut off.
                return ScriptedUpstreamScript.Empty.Reset();
            case 1:
                return ScriptedUpstreamScript.Answer(500, """{"error":{"message":"boom","type":"server_error"}}""");
            case 2:
                return ScriptedUpstreamScript.Answer(429, """{"error":{"message":"slow down"}}""");
            case 3:
                return ScriptedUpstreamScript.Silence();
            case 4:
                Bill(Unsaid);
                return ScriptedUpstreamScript.Stream(Wire.ChatFinish + Wire.ChatUsage(11, 0) + "data: [DONE]\n\n");
            case 5:
                return ScriptedUpstreamScript.StreamHead().Chunk(": wait\n\n").Close();
            default:
                Bill(Served);
                return ScriptedUpstreamScript.Stream(Dialects.Answer("chat", stream: true));
        }
    }

    private void Bill(in TokenUsage usage) => Interlocked.Add(ref _billed, TariffMath.Cost(GatewayRig.Tariff, usage).Units);

    private async Task CallAsync(GatewayRig.Caller caller, TimeSpan time)
    {
        while (_watch.Elapsed < time)
        {
            var start = _watch.Elapsed;
            using var response = await caller.PostAsync("/v1/chat/completions", Wire.ChatStreamBody);
            var wait = (long)(_watch.Elapsed - start).TotalMilliseconds;
            var text = await response.Content.ReadAsStringAsync();
            lock (_calls)
            {
                _calls.Add(new Call(start, text.EndsWith("data: [DONE]\n\n", StringComparison.Ordinal), wait));
            }

            await Task.Delay(20);
        }
    }
}
