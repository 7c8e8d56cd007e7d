using TokenHub.Chaos.Upstreams;

namespace TokenHub.Chaos.Faults.Clients;

/// <summary>
/// Clients that do not read: the gateway stops reading the upstream, drops them in time, and serves others.
/// </summary>
internal sealed class F28SlowReaders : IFault
{
    private const int Flood = 6000;
    private const int QuietMs = 3500;
    private const int StandsMs = 500;
    private static readonly TimeSpan StopsWithin = TimeSpan.FromSeconds(20);

    public string Id => "F28";

    public string Says => "clients that read nothing, or a byte a second";

    public async Task PlayAsync(Trial trial)
    {
        var rig = trial.Rig;
        var began = Environment.TickCount64;
        await trial.PauseAsync(QuietMs);
        var before = P99Of(trial, began);
        var models = new List<string>();
        var readers = new List<RawClient>();
        for (var i = 0; i < trial.Pick(60, 1000); i++)
        {
            var model = rig.ProbeErrand().Model;
            models.Add(model);
            rig.Upstream.Plan(model, new UpstreamPlan(Flood, 0));
            rig.Allowances.ClientTruth[model] = "its client does not read";
            var reader = await RawClient.ConnectAsync(rig.Gateways[i % 2].Port);
            readers.Add(reader);
            await reader.SendAsync(RawClient.RequestOf(model, rig.Payers[0].Key, Flood));
        }

        await UntilStoppedAsync(trial, models);
        var since = Environment.TickCount64;
        for (var second = 0; second < trial.Pick(6, 60); second++)
        {
            await trial.PauseAsync(900);
            await Task.WhenAll(readers.Where((_, i) => i % 2 == 0).Select(r => r.ReadAsync(1, TimeSpan.FromMilliseconds(50))));
        }

        var during = P99Of(trial, since);
        trial.Note($"others' p99 {before} ms before, {during} ms beside {readers.Count} slow readers");
        trial.Expect(during < Math.Max(1500, before * 3), $"others' p99 went from {before} to {during} ms");
        readers.ForEach(reader => reader.Dispose());
    }

    // The flood itself is the upstream's work, done on the same machine: nobody is measured beside it.
    private static async Task UntilStoppedAsync(Trial trial, IReadOnlyList<string> models)
    {
        var (tokens, sinceMs) = (-1, Environment.TickCount64);
        var stopped = await trial.WaitAsync(
            () =>
            {
                var now = models.Sum(model => trial.Rig.Upstream.Truth.TryGetValue(model, out var served)
                    ? served.Sum(attempt => attempt.Tokens) : 0);
                (tokens, sinceMs) = now == tokens ? (tokens, sinceMs) : (now, Environment.TickCount64);
                return Environment.TickCount64 - sinceMs >= StandsMs;
            },
            StopsWithin);
        if (!stopped)
        {
            trial.Note($"the flood went on for {StopsWithin.TotalSeconds} s");
        }
    }

    private static long P99Of(Trial trial, long sinceMs)
    {
        var times = trial.Rig.Swarm.Receipts.Where(r => r.IsWhole && r.SentMs >= sinceMs).Select(r => r.EndedMs - r.SentMs).Order().ToList();
        return times.Count == 0 ? 0 : times[times.Count * 99 / 100];
    }
}
