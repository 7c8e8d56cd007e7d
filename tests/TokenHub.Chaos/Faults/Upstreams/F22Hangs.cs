using TokenHub.Chaos.Upstreams;

namespace TokenHub.Chaos.Faults.Upstreams;

/// <summary>The upstream falls silent before its headers, after them, or in mid-stream.</summary>
internal sealed class F22Hangs : IFault
{
    /// <summary>The rig's gateways wait four seconds for a first and for a next byte, at two channels.</summary>
    private const int EndsWithinMs = 12_000;

    public string Id => "F22";

    public string Says => "the upstream hangs before headers, after headers, in mid-stream";

    public async Task PlayAsync(Trial trial)
    {
        Func<UpstreamCall, Task> beforeHead = call => Task.Delay(Timeout.Infinite, call.Cancel);
        Func<UpstreamCall, Task> afterHead = async call =>
        {
            await call.StreamHeadAsync();
            await Task.Delay(Timeout.Infinite, call.Cancel);
        };
        var once = new HashSet<string>();
        Func<UpstreamCall, Task> firstDoorOnly = async call =>
        {
            if (once.Add(call.Model))
            {
                await Task.Delay(Timeout.Infinite, call.Cancel);
            }

            await call.StreamHeadAsync();
            await call.TokenAsync();
            await call.FinishAsync();
            await call.UsageAsync(call.TrueUsage(1));
            await call.EndAsync();
        };
        var calls = await Task.WhenAll(
            Scripted.PlayAsync(trial, beforeHead), Scripted.PlayAsync(trial, afterHead),
            Scripted.PlayAsync(trial, new UpstreamPlan(7, 5, UpstreamEnd.Hang)), Scripted.PlayAsync(trial, firstDoorOnly));
        foreach (var call in calls)
        {
            trial.Expect(call.EndedMs - call.SentMs < EndsWithinMs, $"{call.Model} took {call.EndedMs - call.SentMs} ms");
        }

        trial.Expect(calls[0].Status is 502 or 503 or 504, $"silence before headers was answered {calls[0].Status} {calls[0].Tail}");
        trial.Expect(calls[1].Status is 502 or 503 or 504, $"silence after headers was answered {calls[1].Status} {calls[1].Tail}");
        trial.Expect(Scripted.IsToldOfFailure(calls[2]), $"silence in mid-stream ended as {calls[2].Status} {calls[2].Tail}");
        trial.Expect(calls[3].IsWhole, $"the second channel did not take over: {calls[3].Status} {calls[3].Tail}");
    }
}
