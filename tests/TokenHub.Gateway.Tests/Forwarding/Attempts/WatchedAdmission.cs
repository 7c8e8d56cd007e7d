using TokenHub.Core.Usage;

namespace TokenHub.Gateway.Tests.Forwarding.Attempts;

/// <summary>Writes down who enters and leaves, in order.</summary>
internal sealed class WatchedAdmission(IAdmission inner) : IAdmission
{
    private readonly List<string> _log = [];

    /// <summary>What the next entries do in place of letting in.</summary>
    public Func<int, Exception?> Fails { get; set; } = _ => null;

    public string Log
    {
        get
        {
            lock (_log)
            {
                return string.Join(", ", _log);
            }
        }
    }

    public async ValueTask<Place> EnterAsync(Exchange exchange, CancellationToken cancellationToken)
    {
        var place = await inner.EnterAsync(exchange, cancellationToken);
        if (Fails(place.Step) is { } error)
        {
            throw error;
        }

        Note(place.IsTaken ? $"enter {place.Step}" : "none");
        return place;
    }

    public void Leave(Exchange exchange, in Place place, in AttemptRecord attempt)
    {
        Note($"leave {place.Step}");
        inner.Leave(exchange, place, attempt);
    }

    public void LeaveAll(Exchange exchange) => inner.LeaveAll(exchange);

    private void Note(string what)
    {
        lock (_log)
        {
            _log.Add(what);
        }
    }
}
