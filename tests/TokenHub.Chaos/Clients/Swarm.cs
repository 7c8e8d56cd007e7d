using System.Collections.Concurrent;

namespace TokenHub.Chaos.Clients;

/// <summary>
/// Clients that call without end, each to a gateway of its own, and keep what they received. They have a moment's
/// patience after a refusal, as a client that reads Retry-After has.
/// </summary>
internal sealed class Swarm(Workload workload, IReadOnlyList<Caller> callers, Func<int, string> keyOf) : IDisposable
{
    private static readonly TimeSpan LastCallsWithin = TimeSpan.FromSeconds(60);
    private const int RefusedPauseMs = 60;
    private readonly ConcurrentQueue<Receipt> _receipts = new();
    private readonly List<Task> _clients = [];
    private CancellationTokenSource _stop = new();
    private int _number;
    private int _running;
    private int _whole;

    public IReadOnlyCollection<Receipt> Receipts => _receipts;

    /// <summary>Calls that are under way.</summary>
    public int Running => _running;

    public Workload Workload => workload;

    /// <summary>Calls that came to their proper end.</summary>
    public int Whole => _whole;

    public void Start(int clients)
    {
        if (_clients.Count == 0)
        {
            _stop.Dispose();
            _stop = new CancellationTokenSource();
        }

        for (var i = 0; i < clients; i++)
        {
            var caller = callers[i % callers.Count];
            _clients.Add(Task.Run(() => RunAsync(caller, _stop.Token)));
        }
    }

    /// <summary>One call outside the clients' own work, kept with the others.</summary>
    public async Task<Receipt> CallAsync(int gateway, Errand errand, CancellationToken cancel)
    {
        Interlocked.Increment(ref _running);
        var receipt = await callers[gateway].CallAsync(errand, keyOf(errand.Payer), cancel);
        Interlocked.Decrement(ref _running);
        Keep(receipt);
        return receipt;
    }

    /// <summary>The next errand of the workload, at either gateway.</summary>
    public Task<Receipt> CallNextAsync()
    {
        var number = NextNumber();
        return CallAsync(number % callers.Count, workload.Of(number), CancellationToken.None);
    }

    public int NextNumber() => Interlocked.Increment(ref _number);

    /// <summary>No new calls; those under way come to their end.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_clients).WaitAsync(LastCallsWithin);
        _clients.Clear();
    }

    public void Dispose() => _stop.Dispose();

    private void Keep(Receipt receipt)
    {
        _receipts.Enqueue(receipt);
        if (receipt.IsWhole)
        {
            Interlocked.Increment(ref _whole);
        }
    }

    private async Task RunAsync(Caller caller, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var errand = workload.Of(NextNumber());
            Interlocked.Increment(ref _running);
            var receipt = await caller.CallAsync(errand, keyOf(errand.Payer), CancellationToken.None);
            Interlocked.Decrement(ref _running);
            Keep(receipt);
            try
            {
                await Task.Delay(receipt.Status == 200 ? errand.ThinkMs : RefusedPauseMs, stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
