using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Routing;

/// <summary>Which channels serve a model: by name at once, by patterns one after the other.</summary>
internal sealed class ServedModels
{
    private readonly Dictionary<string, List<int>> _byName = new(StringComparer.Ordinal);
    private readonly List<(string Pattern, int Channel)> _patterns = [];

    /// <param name="models">Names and patterns of each channel.</param>
    public ServedModels(IReadOnlyList<IReadOnlyList<string>> models)
    {
        for (var channel = 0; channel < models.Count; channel++)
        {
            foreach (var model in models[channel])
            {
                if (ModelPattern.IsPattern(model))
                {
                    _patterns.Add((model, channel));
                }
                else if (_byName.TryGetValue(model, out var known))
                {
                    known.Add(channel);
                }
                else
                {
                    _byName.Add(model, [channel]);
                }
            }
        }
    }

    /// <summary>Names that are no patterns.</summary>
    public IEnumerable<string> Names => _byName.Keys;

    /// <summary>Indices of the channels, in order.</summary>
    public IEnumerable<int> By(string model)
    {
        var found = new SortedSet<int>();
        if (_byName.TryGetValue(model, out var named))
        {
            found.UnionWith(named);
        }

        foreach (var (pattern, channel) in _patterns)
        {
            if (ModelPattern.Matches(pattern, model))
            {
                found.Add(channel);
            }
        }

        return found;
    }
}
