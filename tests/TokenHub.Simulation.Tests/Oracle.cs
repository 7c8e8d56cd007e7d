using TokenHub.Core.Requests;
using TokenHub.Simulation.Tests.Parts;

namespace TokenHub.Simulation.Tests;

/// <summary>A rule was broken.</summary>
internal sealed class BrokenInvariantException(string message) : Exception(message);

/// <summary>
/// Sees everything, which no part does: what the upstream truly served, what clients were told, and by how much a
/// balance may be overdrawn for what has been lost.
/// </summary>
internal sealed class Oracle
{
    private readonly Dictionary<long, List<(long AtMs, long Amount)>> _allowed = [];

    /// <summary>Tokens that the upstream served, by request.</summary>
    public Dictionary<RequestId, long> Served { get; } = [];

    /// <summary>Cost that the client was told with the end of its answer.</summary>
    public Dictionary<RequestId, long> Told { get; } = [];

    /// <summary>Requests that were open or not yet shipped on a disk that is gone for ever.</summary>
    public HashSet<RequestId> LostWithDisk { get; } = [];

    public int Admitted { get; private set; }

    public int Asked { get; set; }

    public int Refused { get; set; }

    /// <summary>Faults by name, to see that a run was worth something.</summary>
    public SortedDictionary<string, int> Faults { get; } = [];

    /// <summary>Everything that happened, for whoever looks for a reason; null keeps nothing.</summary>
    public List<string>? Trace { get; set; }

    /// <summary>
    /// So long may it take until what was lost has been told again, also by a gateway that is cut off.
    /// </summary>
    public long RetoldMs { get; init; }

    public Func<long> NowMs { get; set; } = () => 0;

    public void Note(string line) => Trace?.Add($"{NowMs(),7} {line}");

    public void OnAdmitted(RequestId rid)
    {
        Admitted++;
        Served[rid] = 0;
    }

    /// <summary>
    /// Redis lost what stood between a balance and its being spent twice: so much may be, for a while.
    /// </summary>
    public void Allow(long account, long amount, string why)
    {
        if (amount > 0)
        {
            if (!_allowed.TryGetValue(account, out var allowed))
            {
                _allowed[account] = allowed = [];
            }

            allowed.Add((NowMs(), amount));
            Note($"allow {account} {amount}: {why}");
        }
    }

    /// <summary>
    /// I5 at the moment a request is let in: what is truly left, this hold included, is not below the bound.
    /// </summary>
    public void OnLetIn(RequestId rid, long account, long left)
    {
        var now = NowMs();
        var bound = -Prices.OverrunMax - Allowed(account, now - RetoldMs);
        if (left < bound)
        {
            throw new BrokenInvariantException($"I5: {rid} leaves account {account} at {left}, its bound is {bound}");
        }
    }

    // I5 for good; I3, I4: nothing that was not served, and not more than was.
    public void OnPosted(CloseRecord record, long balance)
    {
        Note($"posted {record}: {balance}");
        if (!Served.TryGetValue(record.Rid, out var served) || record.Tokens > served)
        {
            throw new BrokenInvariantException($"I4: billed {record.Tokens} tokens of {record.Rid}, served {served}");
        }

        var bound = -Prices.OverrunMax - Allowed(record.Account, 0);
        if (balance < bound)
        {
            throw new BrokenInvariantException($"I5: account {record.Account} is at {balance}, its bound is {bound}");
        }
    }

    private long Allowed(long account, long sinceMs) =>
        _allowed.TryGetValue(account, out var allowed) ? allowed.Where(one => one.AtMs >= sinceMs).Sum(one => one.Amount) : 0;
}
