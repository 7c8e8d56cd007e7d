namespace TokenHub.Chaos.Faults.Clients;

/// <summary>
/// Connections that send their headers or bodies a byte at a time, or nothing: they are closed in time.
/// </summary>
internal sealed class F29SlowSenders : IFault
{
    private static readonly TimeSpan ClosedWithin = TimeSpan.FromSeconds(16);

    public string Id => "F29";

    public string Says => "slow headers, slow bodies, idle connections";

    public async Task PlayAsync(Trial trial)
    {
        var count = trial.Pick(120, 3000);
        var key = trial.Rig.Payers[0].Key;
        var clients = new List<RawClient>();
        for (var i = 0; i < count; i++)
        {
            clients.Add(await RawClient.ConnectAsync(trial.Rig.Gateways[i % 2].Port));
            await clients[i].SendAsync((i % 3) switch
            {
                0 => "POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nx-slow: ",
                1 => $"POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {key}\r\ncontent-length: 500\r\n\r\n{{",
                _ => "",
            });
        }

        var sending = SendSlowlyAsync(trial, clients);
        var served = trial.Rig.Swarm.Receipts.Count(receipt => receipt.IsWhole);
        await sending;
        var read = await Task.WhenAll(
            clients.Where((_, i) => i % 3 == 0).Select(client => client.ReadAsync(4096, TimeSpan.FromSeconds(1))));
        var open = read.Count(bytes => bytes < 0);
        clients.ForEach(client => client.Dispose());
        trial.Expect(open == 0, $"{open} connections with unfinished headers are open after {ClosedWithin.TotalSeconds} s");
        var more = trial.Rig.Swarm.Receipts.Count(receipt => receipt.IsWhole) - served;
        trial.Expect(more > 20, $"only {more} others were served beside {count} slow senders");
    }

    private static async Task SendSlowlyAsync(Trial trial, IReadOnlyList<RawClient> clients)
    {
        var until = Environment.TickCount64 + (long)ClosedWithin.TotalMilliseconds;
        while (Environment.TickCount64 < until)
        {
            await trial.PauseAsync(900);
            foreach (var client in clients.Where((_, i) => i % 3 < 2))
            {
                try
                {
                    await client.SendAsync("x");
                }
                catch (System.Net.Sockets.SocketException)
                {
                    // The gateway has had enough of it.
                }
            }
        }
    }
}
