using TokenHub.Core.Money;
using TokenHub.Core.Requests;

namespace TokenHub.Gateway.Exchanges;

/// <summary>
/// What this gateway lends an account while Redis is away: 1 % of what it last saw there, one dollar at most. It
/// lends anew only when all that was served on it is settled and Redis has then spoken of the account again. Off, it
/// remembers and lends nothing. Thread-safe.
/// </summary>
internal sealed class GraceLine(bool isOn, TimeProvider time)
{
    /// <summary>Accounts remembered; beyond it the one seen longest ago is forgotten.</summary>
    public const int AccountsMax = 64 * 1024;

    /// <summary>Requests served on grace and not settled, of all accounts.</summary>
    public const int RequestsMax = 16 * 1024;

    /// <summary>A balance seen longer ago is none.</summary>
    public static readonly TimeSpan SeenWithin = TimeSpan.FromMinutes(10);

    private const int ShareOfAvailable = 100;
    private static readonly Usd MostLent = Usd.FromDollars(1);
    private readonly Lock _gate = new();
    private readonly Dictionary<long, LinkedListNode<Line>> _lines = [];
    private readonly LinkedList<Line> _bySeen = [];
    private readonly Dictionary<RequestId, (Line Line, Usd Amount)> _requests = [];
    private long _served;

    public bool IsOn => isOn;

    /// <summary>Requests that were lent money, since the start.</summary>
    public long Served => Volatile.Read(ref _served);

    /// <summary>What requests were lent that are not settled yet: the bound on what outruns the holds.</summary>
    public Usd Lent
    {
        get
        {
            lock (_gate)
            {
                return new Usd(_requests.Values.Sum(request => request.Amount.Units));
            }
        }
    }

    /// <summary>Redis said what an account has left.</summary>
    public void Saw(long account, Usd available)
    {
        if (!isOn)
        {
            return;
        }

        lock (_gate)
        {
            if (_lines.TryGetValue(account, out var node))
            {
                _bySeen.Remove(node);
            }
            else
            {
                node = new LinkedListNode<Line>(new Line { Account = account });
                _lines[account] = node;
            }

            _bySeen.AddFirst(node);
            (node.Value.Available, node.Value.SeenAt) = (available, time.GetTimestamp());
            DropOldest();
        }
    }

    /// <summary>
    /// Lends to a request what it wants or all that is left, if that is enough to begin with. False: nothing is lent.
    /// </summary>
    public bool TryLend(RequestId rid, long account, Usd wanted, Usd least, out Usd lent)
    {
        lent = Usd.Zero;
        if (!isOn)
        {
            return false;
        }

        lock (_gate)
        {
            if (_requests.Count >= RequestsMax || !_lines.TryGetValue(account, out var node)
                || time.GetElapsedTime(node.Value.SeenAt) > SeenWithin)
            {
                return false;
            }

            var line = node.Value;
            var left = line.Left;
            lent = wanted <= left ? wanted : left;
            if (left < Usd.Zero || lent < least || !_requests.TryAdd(rid, (line, lent)))
            {
                lent = Usd.Zero;
                return false;
            }

            line.Lent += lent;
            line.Open++;
            _served++;
            return true;
        }
    }

    /// <summary>Lends more to a request that has begun: what it wants or all that is left, which may be zero.</summary>
    public Usd LendMore(RequestId rid, Usd wanted)
    {
        lock (_gate)
        {
            if (!_requests.TryGetValue(rid, out var request) || request.Line.Left <= Usd.Zero)
            {
                return Usd.Zero;
            }

            var lent = wanted <= request.Line.Left ? wanted : request.Line.Left;
            request.Line.Lent += lent;
            _requests[rid] = (request.Line, request.Amount + lent);
            return lent;
        }
    }

    /// <summary>Nothing was sent for a request: what it was lent is there again. False: it was lent nothing.</summary>
    public bool TryTakeBack(RequestId rid)
    {
        if (!isOn)
        {
            return false;
        }

        lock (_gate)
        {
            if (!_requests.Remove(rid, out var request))
            {
                return false;
            }

            request.Line.Lent -= request.Amount;
            request.Line.Open--;
            return true;
        }
    }

    /// <summary>A request has ended: a charge above what it was lent counts too.</summary>
    public void Charged(RequestId rid, Usd cost)
    {
        if (!isOn)
        {
            return;
        }

        lock (_gate)
        {
            if (_requests.TryGetValue(rid, out var request) && cost > request.Amount)
            {
                request.Line.Lent += cost - request.Amount;
                _requests[rid] = (request.Line, cost);
            }
        }
    }

    /// <summary>Redis has the charge of a request, or the ledger has it.</summary>
    public void Settled(RequestId rid)
    {
        if (!isOn)
        {
            return;
        }

        lock (_gate)
        {
            // What was seen before is void: the next outage lends on what Redis says after these charges.
            if (_requests.Remove(rid, out var request) && --request.Line.Open == 0
                && _lines.Remove(request.Line.Account, out var node))
            {
                _bySeen.Remove(node);
            }
        }
    }

    // An account with open requests stays, or it would be lent to twice. There are fewer of those than there is room.
    private void DropOldest()
    {
        while (_lines.Count > AccountsMax)
        {
            var last = _bySeen.Last!;
            _bySeen.Remove(last);
            if (last.Value.Open > 0)
            {
                _bySeen.AddFirst(last);
            }
            else
            {
                _lines.Remove(last.Value.Account);
            }
        }
    }

    private sealed class Line
    {
        public required long Account { get; init; }

        public Usd Available { get; set; }

        public long SeenAt { get; set; }

        public Usd Lent { get; set; }

        public int Open { get; set; }

        public Usd Left
        {
            get
            {
                var allowed = new Usd(Math.Max(0, Available.Units) / ShareOfAvailable);
                return (allowed <= MostLent ? allowed : MostLent) - Lent;
            }
        }
    }
}
