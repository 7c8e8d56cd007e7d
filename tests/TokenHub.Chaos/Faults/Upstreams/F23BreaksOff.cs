using TokenHub.Chaos.Upstreams;

namespace TokenHub.Chaos.Faults.Upstreams;

/// <summary>
/// The upstream ends in every wrong way, and its edge spoils what it says: clients get an error of the protocol's own,
/// and pay for what they got.
/// </summary>
internal sealed class F23BreaksOff : IFault
{
    public string Id => "F23";

    public string Says => "the upstream half-closes, resets, breaks chunks, lengths, compression, ends and usage";

    public async Task PlayAsync(Trial trial)
    {
        foreach (var end in new[] { UpstreamEnd.Close, UpstreamEnd.Reset, UpstreamEnd.BadChunk })
        {
            foreach (var tokens in new[] { 0, 1, 9 })
            {
                var call = await Scripted.PlayAsync(trial, new UpstreamPlan(tokens, 3, end));
                trial.Expect(Scripted.IsToldOfFailure(call), $"{end} after {tokens} tokens ended as {call.Status} {call.Tail}");
            }
        }

        var noUsage = await Scripted.PlayAsync(trial, new UpstreamPlan(6, 3, UpstreamEnd.NoUsage));
        trial.Expect(noUsage.Status == 200 && noUsage.Tokens == 6, $"without usage: {noUsage.Status} {noUsage.Tail}");
        await Scripted.PlayAsync(trial, new UpstreamPlan(6, 3, UpstreamEnd.NoDone));
        var shortBody = await Scripted.PlayAsync(
            trial, call => call.RawAsync("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{\"id\":"),
            isStream: false);
        trial.Expect(shortBody.Status >= 500, $"a body shorter than its length was answered {shortBody.Status} {shortBody.Tail}");
        var zip = await Scripted.PlayAsync(
            trial, call => call.RawAsync("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: 10\r\n\r\n\x1f\x08\0\0\0\0\0\0\0\0"),
            isStream: false);
        trial.Expect(zip.Status >= 500, $"truncated gzip was answered {zip.Status} {zip.Tail}");
        await SpoiledEdgeAsync(trial);
    }

    private static async Task SpoiledEdgeAsync(Trial trial)
    {
        var edges = trial.Rig.Edges.Upstreams;
        var before = trial.Rig.Upstream.Truth.Keys.ToHashSet();
        foreach (var edge in edges)
        {
            edge.Impair(e => (e.Down.LimitBytes, e.Down.SliceBytes) = (trial.Random.Next(500, 6000), 700));
            edge.Cut();
        }

        await trial.PauseAsync(1500);
        foreach (var edge in edges)
        {
            edge.Heal();
            edge.Impair(e => e.Down.HalfCloseBytes = trial.Random.Next(500, 6000));
            edge.Cut();
        }

        await trial.PauseAsync(1500);
        foreach (var edge in edges)
        {
            edge.Heal();
            edge.Cut();
        }

        await trial.PauseAsync(300);
        foreach (var model in trial.Rig.Upstream.Truth.Keys.Where(model => !before.Contains(model)))
        {
            trial.Rig.Allowances.ClientTruth[model] = "its upstream edge lost bytes";
        }
    }
}
