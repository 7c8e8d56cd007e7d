using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Channels;

/// <summary>
/// The places that one request has at channels: one as a rule, two while it hedges. Used by one thread at a time.
/// </summary>
internal sealed class HeldPlaces
{
    private readonly Place[] _places = new Place[RoutingRules.AttemptsLimit];
    private int _count;

    /// <summary>Number of the next attempt, from 1.</summary>
    public int NextAttempt { get; private set; } = 1;

    public ReadOnlySpan<Place> Held => _places.AsSpan(0, _count);

    /// <summary>Notes a place that was taken.</summary>
    public void Add(in Place place)
    {
        _places[_count++] = place;
        NextAttempt = place.Attempt + 1;
    }

    /// <summary>False when the place is not among those held: it was given back before.</summary>
    public bool Remove(in Place place)
    {
        for (var i = 0; i < _count; i++)
        {
            if (_places[i].Attempt == place.Attempt)
            {
                _places[i] = _places[--_count];
                return true;
            }
        }

        return false;
    }

    public void Clear() => (_count, NextAttempt) = (0, 1);
}
