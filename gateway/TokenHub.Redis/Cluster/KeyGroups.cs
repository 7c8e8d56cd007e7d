using System.Text;

namespace TokenHub.Redis.Cluster;

/// <summary>Which keys may stand together in one command.</summary>
internal static class KeyGroups
{
    /// <summary>The positions of the keys, in groups of one slot each, or all in one.</summary>
    public static IEnumerable<List<int>> Of(IReadOnlyList<string> keys, bool isSplit)
    {
        if (!isSplit)
        {
            return keys.Count == 0 ? [] : [[.. Enumerable.Range(0, keys.Count)]];
        }

        return Enumerable.Range(0, keys.Count).GroupBy(i => HashSlot.Of(Encoding.UTF8.GetBytes(keys[i])))
            .Select(group => group.ToList());
    }
}
