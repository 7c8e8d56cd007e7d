using System.Diagnostics;

namespace TokenHub.Chaos.Clients;

/// <summary>Calls at a fixed rate, whatever becomes of them: the load of a world that does not wait.</summary>
internal sealed class OpenLoop : IDisposable
{
    private const int OpenMax = 2000;
    private static readonly TimeSpan LastCallsWithin = TimeSpan.FromSeconds(60);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public OpenLoop(Swarm swarm, int perSecond) => _running = Task.Run(() => RunAsync(swarm, perSecond));

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(LastCallsWithin);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private async Task RunAsync(Swarm swarm, int perSecond)
    {
        var clock = Stopwatch.StartNew();
        var sent = 0L;
        var open = new List<Task>();
        while (!_stop.IsCancellationRequested)
        {
            for (; sent < clock.Elapsed.TotalSeconds * perSecond && swarm.Running < OpenMax; sent++)
            {
                open.Add(swarm.CallNextAsync());
            }

            open.RemoveAll(call => call.IsCompleted);
            await Task.Delay(5);
        }

        await Task.WhenAll(open);
    }
}
