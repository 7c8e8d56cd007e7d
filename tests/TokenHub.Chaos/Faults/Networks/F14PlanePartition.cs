using System.Text.Json.Nodes;

namespace TokenHub.Chaos.Faults.Networks;

/// <summary>
/// Gateways cannot reach the control plane: they serve from what they have, their logs grow, and a key that is revoked
/// meanwhile stops within the life of a snapshot.
/// </summary>
internal sealed class F14PlanePartition : IFault
{
    private static readonly TimeSpan RevokedWithin = TimeSpan.FromSeconds(60);

    public string Id => "F14";

    public string Says => "partition between gateways and control plane";

    public async Task PlayAsync(Trial trial)
    {
        var rig = trial.Rig;
        var key = await rig.Api.CallAsync("POST", "/keys", new JsonObject
        {
            ["name"] = "to be revoked", ["user_id"] = rig.Payers[0].UserId,
        });
        var secret = (string)key["secret"]!;
        var known = await trial.WaitAsync(async () => await AnswersAsync(trial, secret) == 200, TimeSpan.FromSeconds(5));
        trial.Expect(known, "a new key is not known after 5 s");
        foreach (var edge in rig.Edges.GatewayPlanes)
        {
            edge.Impair(e =>
            {
                e.Up.Hold();
                e.Down.Hold();
            });
        }

        var before = rig.Swarm.Receipts.Count(receipt => receipt.IsWhole);
        await rig.Api.CallAsync("DELETE", $"/keys/{key["id"]}");
        var revokedAt = Environment.TickCount64;

        // That the key cannot be checked is a refusal as well.
        var refused = await trial.WaitAsync(async () => await AnswersAsync(trial, secret) is 401 or 503, RevokedWithin);
        trial.Expect(refused, "a revoked key still works after 60 s of partition");
        trial.Note($"a revoked key was refused after {Environment.TickCount64 - revokedAt} ms");
        await trial.PauseAsync(trial.Pick(7000, 90_000));
        var served = rig.Swarm.Receipts.Count(receipt => receipt.IsWhole) - before;
        trial.Expect(served > 20, $"only {served} requests were served in the partition");
    }

    private static async Task<int> AnswersAsync(Trial trial, string secret)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(10) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", secret);
        using var answer = await http.GetAsync(new Uri(trial.Rig.Gateways[0].Url + "/v1/models"), trial.Cancel);
        return (int)answer.StatusCode;
    }
}
