namespace TokenHub.Chaos.Faults.Clients;

/// <summary>Clients leave after every number of tokens, and their connections are cut at every stage.</summary>
internal sealed class F27ClientCuts : IFault
{
    private const int Tokens = 20;

    public string Id => "F27";

    public string Says => "clients cut at every event, before the first byte, half-close";

    public async Task PlayAsync(Trial trial)
    {
        for (var cut = 1; cut <= Tokens; cut++)
        {
            var after = cut;
            await Task.WhenAll(Enumerable.Range(0, trial.Pick(2, 8)).Select(i => trial.CallAsync(
                i % 2, errand => Stream(trial, errand.Model, errand) with { CutAfterTokens = after })));
        }

        for (var round = 0; round < trial.Pick(6, 40); round++)
        {
            var calls = Enumerable.Range(0, 10).Select(i => trial.CallAsync(i % 2, errand => Stream(trial, errand.Model, errand)))
                .ToList();
            await trial.PauseAsync(0, 150);
            foreach (var edge in trial.Rig.Edges.Clients)
            {
                edge.Cut();
            }

            await Task.WhenAll(calls);
        }

        await HalfClosedAsync(trial);
    }

    // The client says that it will send no more, and goes on reading: a proper request all the same.
    private static async Task HalfClosedAsync(Trial trial)
    {
        foreach (var edge in trial.Rig.Edges.Clients)
        {
            edge.Impair(e => e.Up.HalfCloseBytes = 1);
            edge.Cut();
        }

        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => trial.CallAsync(i % 2, errand => Stream(trial, errand.Model, errand))));
        foreach (var edge in trial.Rig.Edges.Clients)
        {
            edge.Heal();
            edge.Cut();
        }
    }

    private static Chaos.Clients.Errand Stream(Trial trial, string model, Chaos.Clients.Errand errand)
    {
        trial.Rig.Upstream.Plan(model, new Chaos.Upstreams.UpstreamPlan(Tokens, 8, FirstMs: 20));
        return errand with { IsStream = true };
    }
}
