using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Routing;

/// <summary>The price rules of a snapshot, so laid out that those of one model are found without reading all.</summary>
internal sealed class RoutePrices
{
    private readonly PriceEntry? _fallback;
    private readonly Dictionary<string, List<PriceEntry>> _byName = new(StringComparer.Ordinal);
    private readonly List<PriceEntry> _patterns = [];

    public RoutePrices(Snapshot snapshot)
    {
        _fallback = snapshot.FallbackPrice;
        foreach (var price in snapshot.Prices)
        {
            if (ModelPattern.IsPattern(price.Model))
            {
                _patterns.Add(price);
            }
            else if (_byName.TryGetValue(price.Model, out var known))
            {
                known.Add(price);
            }
            else
            {
                _byName.Add(price.Model, [price]);
            }
        }
    }

    /// <summary>The rules that cover a model.</summary>
    public OfModel Of(string model)
    {
        var rules = _patterns.Where(price => ModelPattern.Matches(price.Model, model));
        return new OfModel(
            model, _byName.TryGetValue(model, out var named) ? rules.Concat(named) : rules, _fallback);
    }

    internal sealed class OfModel(string model, IEnumerable<PriceEntry> rules, PriceEntry? fallback)
    {
        private readonly ILookup<long, PriceEntry> _byChannel = rules.ToLookup(price => price.ChannelId ?? 0);

        /// <summary>The model's price on a channel, or null.</summary>
        public PriceEntry? Of(long channel) => PriceResolution.Resolve(
            [.. _byChannel[channel], .. _byChannel[0]], fallback, channel, model).Price;
    }
}
