namespace TokenHub.Protocols.Chat;

/// <summary>
/// What of a request could not be carried to the upstream, by its name in the caller's dialect. Nothing is left out
/// without standing here, unless it changes neither the answer nor its price (a cache mark where caching is automatic).
/// </summary>
public sealed class Dropped
{
    /// <summary>Names told in the header; a request with more has only their number told.</summary>
    public const int NamesMax = 32;

    private readonly List<string> _names = [];

    public bool IsEmpty => _names.Count == 0;

    public IReadOnlyList<string> Names => _names;

    public void Add(string name)
    {
        if (!_names.Contains(name, StringComparer.Ordinal))
        {
            _names.Add(name);
        }
    }

    /// <summary>
    /// The header's value: names with commas between, in the order they were met; printable ASCII only.
    /// </summary>
    public override string ToString()
    {
        var shown = _names.Take(NamesMax).Select(Clean);
        return string.Join(", ", _names.Count > NamesMax ? shown.Append($"{_names.Count - NamesMax} more") : shown);
    }

    private static string Clean(string name) =>
        string.Concat(name.Take(64).Select(c => c is > ' ' and <= '~' and not ',' ? c : '_'));
}
